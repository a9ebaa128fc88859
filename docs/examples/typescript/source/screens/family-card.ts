import { ask, type Connection } from "../client.js";
import { FamilyCardDocument, type MembershipState, type Relation } from "../gql/graphql.js";
import { day, word } from "../words.js";

const STATE: Record<MembershipState, string> = {
  PENDING: "menunggu pembayaran pertama",
  ACTIVE: "aktif",
  SUSPENDED: "tidak aktif karena tunggakan",
  INACTIVE_SEGMENT_CHANGE: "pindah segmen",
  "%future added value": "status lain",
};
const RELATION: Record<Relation, string> = {
  HEAD: "kepala keluarga",
  SPOUSE: "istri/suami",
  CHILD: "anak",
  PARENT: "orang tua/mertua",
  OTHER: "lainnya",
  "%future added value": "anggota keluarga",
};

/** Everybody who is registered, with cards and cover. */
export async function familyCard(connection: Connection, family: string): Promise<string[]> {
  const answer = await ask(connection, FamilyCardDocument, { family });
  if (!answer.family) return ["Keluarga tidak ditemukan"];
  const people = answer.family.participants.map(
    ({ name, relation, cardNumber, birthDate, membership }) =>
      `${cardNumber}  ${name}, ${word(RELATION, relation)}, lahir ${day(birthDate)}, ` +
      (membership
        ? `kelas ${membership.careClass}, ${word(STATE, membership.state)}`
        : "tidak terdaftar"),
  );
  return [`Kartu Keluarga ${answer.family.familyCardNumber}`, ...people];
}
