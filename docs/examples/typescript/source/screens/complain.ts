import { change, type Connection } from "../client.js";
import { ComplainDocument } from "../gql/graphql.js";

export interface Complaint {
  readonly name: string;
  readonly contact: string;
  readonly text: string;
}

/** Complain once, however often it has to be sent; what is wrong with it is said beside its field. */
export async function complain(connection: Connection, given: Complaint): Promise<string[]> {
  const { openComplaint: answer } = await change(connection, ComplainDocument, {
    channel: "MOBILE",
    category: "CONTRIBUTION",
    reporterName: given.name,
    reporterContact: given.contact,
    text: given.text,
  });
  if (!answer) return ["Belum terkirim; coba lagi nanti"];
  if (answer.__typename === "OpenComplaintPayload") {
    return [answer.replayed ? "Sudah kami terima sebelumnya" : "Pengaduan Anda kami terima"];
  }
  const field = answer.__typename === "InvalidInput" ? `${answer.field}: ` : "";
  return [`${field}${answer.message} (${answer.code})`];
}
