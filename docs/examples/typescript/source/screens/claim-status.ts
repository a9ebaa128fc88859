import { ask, type Connection } from "../client.js";
import { ClaimsDocument, type ClaimState } from "../gql/graphql.js";
import { day, moment, rupiah, word } from "../words.js";

const STATE: Record<ClaimState, string> = {
  DRAFT: "konsep, belum diajukan",
  SUBMITTED: "diajukan",
  INCOMPLETE: "berkas belum lengkap",
  VERIFYING: "sedang diverifikasi",
  PENDING: "menunggu jawaban",
  DISPUTED: "diverifikasi ulang",
  APPROVED: "disetujui, segera dibayar",
  REJECTED: "ditolak",
  PAID: "dibayar",
  EXPIRED: "kedaluwarsa",
  "%future added value": "status lain",
};

/** Where the family's claims stand, the newest first, and what is still to be done. */
export async function claimStatus(connection: Connection, family: string): Promise<string[]> {
  const answer = await ask(connection, ClaimsDocument, { family, after: null });
  const claims = answer.family?.claims.nodes ?? [];
  if (claims.length === 0) return ["Tidak ada klaim"];
  return claims.flatMap((claim) => [
    `${claim.number}  ${word(STATE, claim.state)}, ${rupiah(claim.amountClaimed)}, ` +
      `${claim.patientName}, ${day(claim.servedOn)}`,
    ...claim.documentsMissing.map((document) => `  kurang ${document}`),
    ...(claim.payment
      ? [`  dibayar ${rupiah(claim.payment.amount)}, ${moment(claim.payment.paidAt)}`]
      : []),
  ]);
}
