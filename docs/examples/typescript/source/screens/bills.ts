import { ask, type Connection } from "../client.js";
import { BillsDocument, type BillsQuery, type BillState } from "../gql/graphql.js";
import { day, month, rupiah, word } from "../words.js";

const STATE: Record<BillState, string> = {
  OPEN: "belum dibayar",
  PAID: "lunas",
  NOT_BILLABLE: "tidak ditagih lagi",
  WRITTEN_OFF: "dihapuskan",
  "%future added value": "status lain",
};

/** Every bill, the newest first: a page is asked for when the one before has been shown. */
export async function* bills(connection: Connection, family: string): AsyncGenerator<string> {
  let after: string | null = null;
  do {
    const { bills: page }: BillsQuery = await ask(connection, BillsDocument, { family, after });
    if (!page) return; // no such family, or not this viewer's
    for (const bill of page.nodes) {
      const overdue = bill.isOverdue ? `, lewat jatuh tempo ${day(bill.dueDate)}` : "";
      yield `${month(bill.coverageMonth)}  ${rupiah(bill.amount)}, ${word(STATE, bill.state)}${overdue}`;
    }
    after = page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null;
  } while (after !== null);
}
