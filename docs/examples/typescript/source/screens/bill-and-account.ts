import { ask, type Connection } from "../client.js";
import { BillAndAccountDocument, type PayableStatus } from "../gql/graphql.js";
import { day, month, rupiah, word } from "../words.js";

const STATUS: Record<PayableStatus, string> = {
  PAYABLE: "Tagihan Anda",
  ALREADY_PAID: "Tidak ada tagihan",
  TOO_EARLY: "Pembayaran pertama belum dapat dilakukan",
  EXPIRED: "Batas pembayaran pertama sudah lewat; daftar ulang",
  NOT_BILLED: "Belum ada tagihan",
  "%future added value": "Status tagihan",
};

/** What to pay, by when, and under which number. */
export async function billAndAccount(connection: Connection, family: string): Promise<string[]> {
  const answer = await ask(connection, BillAndAccountDocument, { family });
  const payable = answer.family?.payable;
  if (!payable) return ["Iuran keluarga ini dibayar oleh pihak lain"];
  const { amount, arrearsMonths, firstMonth, lastMonth, payableFrom, payableUntil } = payable;
  const numbers = (answer.family?.participants ?? []).flatMap(({ name, virtualAccount }) =>
    virtualAccount ? [`VA ${virtualAccount.number}  ${name}`] : [],
  );
  return [
    `${word(STATUS, payable.status)}: ${rupiah(amount)}, ${payable.members} orang`,
    ...(firstMonth && lastMonth ? [`${month(firstMonth)} - ${month(lastMonth)}`] : []),
    ...(arrearsMonths > 0 ? [`Tunggakan ${arrearsMonths} bulan`] : []),
    ...(payableFrom && payableUntil ? [`${day(payableFrom)} - ${day(payableUntil)}`] : []),
    ...numbers,
  ];
}
