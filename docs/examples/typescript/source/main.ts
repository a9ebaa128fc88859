// Shows the screens of the token's own family, then waits for one payment.
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { ask, type Connection } from "./client.js";
import { HomeDocument } from "./gql/graphql.js";
import { billAndAccount } from "./screens/bill-and-account.js";
import { bills } from "./screens/bills.js";
import { claimStatus } from "./screens/claim-status.js";
import { complain } from "./screens/complain.js";
import { familyCard } from "./screens/family-card.js";
import { paymentsDone } from "./screens/payment-done.js";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8000/graphql" },
    complain: { type: "string" }, // the text of a complaint to send
    after: { type: "string" }, // the cursor of the last event that was seen
  },
});
const token = process.env["TOKEN"];
if (!token) throw new Error("set TOKEN to the participant's token that `make up` prints");
const connection: Connection = {
  url: values.url,
  token: () => token,
  language: "id",
  webSocket: WebSocket,
};

function show(title: string, lines: readonly string[]): void {
  console.log([`== ${title}`, ...lines, ""].join("\n"));
}

const { viewer } = await ask(connection, HomeDocument, {});
if (!viewer.family) throw new Error(`a token of ${viewer.role} has no family of its own`);
const { id } = viewer.family;
show("Tagihan dan VA", await billAndAccount(connection, id));
show("Kartu keluarga", await familyCard(connection, id));
show("Klaim", await claimStatus(connection, id));
const all: string[] = [];
for await (const line of bills(connection, id)) all.push(line);
show("Semua tagihan", all);
if (values.complain !== undefined) {
  const name = viewer.family.payer?.name ?? "";
  const contact = "peserta@example.org";
  show("Pengaduan", await complain(connection, { name, contact, text: values.complain }));
}
console.log("Menunggu pembayaran ...");
for await (const { lines } of paymentsDone(connection, values.after ?? null)) {
  show("Pembayaran selesai", lines);
  break;
}
