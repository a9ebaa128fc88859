import { listen, type Connection } from "../client.js";
import { PaymentSettledDocument, type PaymentSettledSubscriptionVariables } from "../gql/graphql.js";
import { moment, month, rupiah } from "../words.js";

export interface PaymentDone {
  readonly cursor: string; // keep it: with it nothing is missed
  readonly lines: string[];
}

/** Each payment as it takes effect, from after a cursor or from now on. */
export async function* paymentsDone(
  connection: Connection,
  after: string | null,
): AsyncGenerator<PaymentDone> {
  const variables: PaymentSettledSubscriptionVariables = { after };
  for await (const { paymentSettled } of listen(connection, PaymentSettledDocument, variables)) {
    variables.after = paymentSettled.cursor;
    const { payment } = paymentSettled;
    if (!payment) continue;
    const { firstMonth, lastMonth } = payment;
    yield {
      cursor: paymentSettled.cursor,
      lines: [
        `Lunas: ${rupiah(payment.amount)} lewat ${payment.channelName}, ${moment(payment.paidAt)}`,
        firstMonth && lastMonth ? `${month(firstMonth)} - ${month(lastMonth)}` : "Menjadi saldo",
        `Referensi ${payment.reference}`,
      ],
    };
  }
}
