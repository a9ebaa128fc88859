/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** What became of a bill (status tagihan). */
export type BillState =
  /** Can be paid. It may also be overdue, see `Bill.isOverdue`. */
  | 'OPEN'
  /** Paid in full; a bill is never paid in part. */
  | 'PAID'
  /** Older than the 24 months of arrears that the law allows to ask for. It stays on record and needs no payment. */
  | 'NOT_BILLABLE'
  /** A law took it off what is owed (pemutihan). It stays on record and needs no payment. */
  | 'WRITTEN_OFF'
  | '%future added value';

/** The class of hospital room (hak kelas rawat). Contributions depend on it. */
export type CareClass =
  /** Class I, the dearest. */
  | 'I'
  /** Class II. */
  | 'II'
  /** Class III, the cheapest; the state pays a part of it. */
  | 'III'
  | '%future added value';

/** A type of care: first-level or advanced, outpatient or inpatient. */
export type CareType =
  /** First-level outpatient (rawat jalan tingkat pertama). */
  | 'RJTP'
  /** First-level inpatient (rawat inap tingkat pertama). */
  | 'RITP'
  /** Advanced outpatient, upon a referral (rawat jalan tingkat lanjutan). */
  | 'RJTL'
  /** Advanced inpatient (rawat inap tingkat lanjutan); it may be fined. */
  | 'RITL'
  | '%future added value';

/** Where a claim stands. */
export type ClaimState =
  /** Being written; not submitted. */
  | 'DRAFT'
  /** Submitted; its documents are being checked. */
  | 'SUBMITTED'
  /** Documents are missing: add them. */
  | 'INCOMPLETE'
  /** Complete, and being verified; `payBy` runs. */
  | 'VERIFYING'
  /** A question to who claims is open. */
  | 'PENDING'
  /** Both sides disagree; it is verified anew. */
  | 'DISPUTED'
  /** Approved, and about to be paid. */
  | 'APPROVED'
  /** Rejected, with a reason. */
  | 'REJECTED'
  /** Paid. */
  | 'PAID'
  /** Not submitted, or not completed, within 6 months of the care. */
  | 'EXPIRED'
  | '%future added value';

/** What a complaint is about. */
export type ComplaintCategory =
  /** Registration and membership (kepesertaan). */
  | 'MEMBERSHIP'
  /** Bills and payments (iuran). */
  | 'CONTRIBUTION'
  /** A facility (fasilitas kesehatan). */
  | 'FACILITY'
  /** Care that was given (pelayanan). */
  | 'SERVICE'
  /** A claim (klaim). */
  | 'CLAIM'
  /** Something else (lainnya). */
  | 'OTHER'
  | '%future added value';

/** How a complaint came in. */
export type ComplaintChannel =
  /** At a branch (kantor cabang). */
  | 'BRANCH'
  /** By telephone, 165 (care center). */
  | 'PHONE'
  /** On the web site. */
  | 'WEB'
  /** On social media. */
  | 'SOCIAL_MEDIA'
  /** In the app (Mobile JKN). */
  | 'MOBILE'
  | '%future added value';

/** Whether the insurance covers care now (status kepesertaan). Being late with a bill does not change it before the month has ended. */
export type MembershipState =
  /** Registered, and waiting for the first payment. Not covered. */
  | 'PENDING'
  /** Covered (aktif). */
  | 'ACTIVE'
  /** A month ended unpaid: not covered until all arrears are paid (non-aktif karena premi). */
  | 'SUSPENDED'
  /** Ended here, because the participants are insured in another segment now. */
  | 'INACTIVE_SEGMENT_CHANGE'
  | '%future added value';

/** A complaint. */
export type OpenComplaintInput = {
  /** 8 to 64 visible ASCII characters that stand for this wish, such as a UUID. Sent again with the same input it changes nothing and answers the same; it is remembered for 7 days. */
  idempotencyKey: string;
  /** How it came in. */
  channel: ComplaintChannel;
  /** What it is about. */
  category: ComplaintCategory;
  /** Who complains. */
  reporterName: string;
  /** Where he is reached with the answer. */
  reporterContact: string;
  /** What he says; at most 4,000 characters. */
  text: string;
  /** His family; for a participant it is his own anyway. */
  familyId?: string | number | null | undefined;
};

/** Whether something can be paid now. */
export type PayableStatus =
  /** Yes: exactly `amount`, all at once. */
  | 'PAYABLE'
  /** Nothing is owed. */
  | 'ALREADY_PAID'
  /** Newly registered: the first payment is possible from `payableFrom`. */
  | 'TOO_EARLY'
  /** The first payment was possible until `payableUntil`; the family has to register anew. */
  | 'EXPIRED'
  /** Nothing is owed and nothing is paid: nobody is enrolled for the running month. */
  | 'NOT_BILLED'
  | '%future added value';

/** Whose data a viewer may see. What he may not see looks as if it did not exist. */
export type Reach =
  /** Every family. */
  | 'ALL_FAMILIES'
  /** His own family. */
  | 'OWN_FAMILY'
  /** The person of a card whose number he gives, and whether he is covered; no bills. */
  | 'PRESENTED_CARDS'
  /** No family; only what is public, or an employer's own. */
  | 'NOTHING'
  | '%future added value';

/** What a participant is to the family (hubungan keluarga). */
export type Relation =
  /** Head of the family (kepala keluarga). */
  | 'HEAD'
  /** Wife or husband (istri, suami). */
  | 'SPOUSE'
  /** Child (anak). */
  | 'CHILD'
  /** Parent or parent-in-law (orang tua, mertua). */
  | 'PARENT'
  /** Another member of the household (lainnya). */
  | 'OTHER'
  | '%future added value';

/** What a viewer is to the insurance (peran). The identity provider says it in the token. */
export type Role =
  /** An insured person (peserta): sees his own family, whole. */
  | 'PARTICIPANT'
  /** A hospital or clinic (fasilitas kesehatan): sees, for a card that is shown to it, who that is and whether care is covered; and its own papers and claims. */
  | 'FACILITY'
  /** An employer (badan usaha): sees its own bills, payments and workers. */
  | 'EMPLOYER'
  /** An officer of a branch (petugas kantor cabang): sees all families, whole. */
  | 'BRANCH_OFFICER'
  /** An officer who follows payments (petugas keuangan): sees all families, population numbers masked. */
  | 'FINANCE_OFFICER'
  /** Who keeps the system running: sees all families, numbers masked. */
  | 'OPERATOR'
  /** An auditor: sees all families, numbers masked. */
  | 'AUDITOR'
  /** A developer of frontends: sees the schema, and no data. */
  | 'DEVELOPER'
  | '%future added value';

/** The group of participants, which decides who pays and how much (segmen peserta). */
export type Segment =
  /** Poor people, paid for by the central government (PBI JK). */
  | 'PBI_APBN'
  /** Registered and paid for by a regional government (PBPU Pemda). */
  | 'PBPU_PEMDA'
  /** Employees of the state (PPU penyelenggara negara). */
  | 'PPU_STATE'
  /** Employees of enterprises (PPU badan usaha). */
  | 'PPU_ENTERPRISE'
  /** Informal workers who pay for themselves (PBPU mandiri). */
  | 'PBPU_SELF'
  /** People without work who pay for themselves (bukan pekerja). */
  | 'BP_SELF'
  /** Pensioners of the state (penerima pensiun). */
  | 'BP_STATE_PENSIONER'
  /** Veterans and pioneers of independence (veteran, perintis kemerdekaan). */
  | 'BP_VETERAN'
  | '%future added value';

/** Sex as the population number encodes it (jenis kelamin). */
export type Sex =
  /** Female (perempuan). */
  | 'FEMALE'
  /** Male (laki-laki). */
  | 'MALE'
  | '%future added value';

export type BillAndAccountQueryVariables = Exact<{
  family: string | number;
}>;


export type BillAndAccountQuery = { family: { payable: { status: PayableStatus, amount: string, members: number, arrearsMonths: number, firstMonth: string | null, lastMonth: string | null, payableFrom: string | null, payableUntil: string | null } | null, participants: Array<{ name: string, virtualAccount: { number: string } | null }> } | null };

export type BillsQueryVariables = Exact<{
  family: string | number;
  after?: string | null | undefined;
}>;


export type BillsQuery = { bills: { nodes: Array<{ id: string, coverageMonth: string, amount: string, state: BillState, isOverdue: boolean, dueDate: string, settledAt: string | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } | null };

export type ClaimsQueryVariables = Exact<{
  family: string | number;
  after?: string | null | undefined;
}>;


export type ClaimsQuery = { family: { claims: { nodes: Array<{ id: string, number: string, state: ClaimState, patientName: string, careType: CareType, servedOn: string, amountClaimed: string, documentsMissing: Array<string>, expiresOn: string, payBy: string | null, payment: { amount: string, paidAt: string } | null, events: Array<{ state: ClaimState, reason: string, at: string }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type ComplainMutationVariables = Exact<{
  input: OpenComplaintInput;
}>;


export type ComplainMutation = { openComplaint:
    | { __typename: 'OpenComplaintPayload', replayed: boolean, complaintId: string }
    | { __typename: 'InvalidInput', field: string, code: string, message: string, path: Array<string> }
    | { __typename: 'NotFound', code: string, message: string, path: Array<string> }
    | { __typename: 'NotAllowed', code: string, message: string, path: Array<string> }
    | { __typename: 'IdempotencyKeyReused', code: string, message: string, path: Array<string> }
    | { __typename: 'Refused', code: string, message: string, path: Array<string> }
   | null };

export type FamilyCardQueryVariables = Exact<{
  family: string | number;
}>;


export type FamilyCardQuery = { family: { familyCardNumber: string, registeredAt: string, participants: Array<{ id: string, name: string, relation: Relation, sex: Sex, birthDate: string, cardNumber: string, membership: { state: MembershipState, segment: Segment, careClass: CareClass } | null }> } | null };

export type HomeQueryVariables = Exact<{ [key: string]: never; }>;


export type HomeQuery = { viewer: { role: Role, reach: Reach, family: { id: string, payer: { name: string } | null } | null } };

export type PaymentSettledSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type PaymentSettledSubscription = { paymentSettled: { cursor: string, payment: { amount: string, paidAt: string, channelName: string, reference: string, firstMonth: string | null, lastMonth: string | null } | null } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const BillAndAccountDocument = new TypedDocumentString(`
    query BillAndAccount($family: ID!) {
  family(by: {id: $family}) {
    payable {
      status
      amount
      members
      arrearsMonths
      firstMonth
      lastMonth
      payableFrom
      payableUntil
    }
    participants {
      name
      virtualAccount {
        number
      }
    }
  }
}
    `, {"hash":"sha256:fce81aa9cc3ebe3a7ad07233bacc29423cf475dbbf83523d9f4feac32ceb95c8"}) as unknown as TypedDocumentString<BillAndAccountQuery, BillAndAccountQueryVariables>;
export const BillsDocument = new TypedDocumentString(`
    query Bills($family: ID!, $after: String) {
  bills(family: $family, first: 12, after: $after) {
    nodes {
      id
      coverageMonth
      amount
      state
      isOverdue
      dueDate
      settledAt
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `, {"hash":"sha256:ba5ef9c764f112df99862e17195b4f77964685c94e9b2cdf52fc8fc914043f04"}) as unknown as TypedDocumentString<BillsQuery, BillsQueryVariables>;
export const ClaimsDocument = new TypedDocumentString(`
    query Claims($family: ID!, $after: String) {
  family(by: {id: $family}) {
    claims(first: 5, after: $after) {
      nodes {
        id
        number
        state
        patientName
        careType
        servedOn
        amountClaimed
        documentsMissing
        expiresOn
        payBy
        payment {
          amount
          paidAt
        }
        events {
          state
          reason
          at
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `, {"hash":"sha256:5e3b748285554a91e65c9b6e8b28c65978e6e30c6580c22cf561b8a970964a64"}) as unknown as TypedDocumentString<ClaimsQuery, ClaimsQueryVariables>;
export const ComplainDocument = new TypedDocumentString(`
    mutation Complain($input: OpenComplaintInput!) {
  openComplaint(input: $input) {
    __typename
    ... on OpenComplaintPayload {
      replayed
      complaintId
    }
    ... on InvalidInput {
      field
    }
    ... on Problem {
      code
      message
      path
    }
  }
}
    `, {"hash":"sha256:e806cbde776ad29377634ade31842201ae3e7b70a8a7e45b3344fd0c273046be"}) as unknown as TypedDocumentString<ComplainMutation, ComplainMutationVariables>;
export const FamilyCardDocument = new TypedDocumentString(`
    query FamilyCard($family: ID!) {
  family(by: {id: $family}) {
    familyCardNumber
    registeredAt
    participants {
      id
      name
      relation
      sex
      birthDate
      cardNumber
      membership {
        state
        segment
        careClass
      }
    }
  }
}
    `, {"hash":"sha256:78eed4fa0ce00192d99577cb988fe20250a6cf47a70cfc14019a433a2ccc19e3"}) as unknown as TypedDocumentString<FamilyCardQuery, FamilyCardQueryVariables>;
export const HomeDocument = new TypedDocumentString(`
    query Home {
  viewer {
    role
    reach
    family {
      id
      payer {
        name
      }
    }
  }
}
    `, {"hash":"sha256:b88c4095814c9b57c63a7617b262091ccbaff05a7dedcaefe2d8f8b028319b2b"}) as unknown as TypedDocumentString<HomeQuery, HomeQueryVariables>;
export const PaymentSettledDocument = new TypedDocumentString(`
    subscription PaymentSettled($after: String) {
  paymentSettled(after: $after) {
    cursor
    payment {
      amount
      paidAt
      channelName
      reference
      firstMonth
      lastMonth
    }
  }
}
    `, {"hash":"sha256:b8319c8b38504e1a93e957fcbab2ef17492ce2c4bba4d97422ae3c905e2d7fd7"}) as unknown as TypedDocumentString<PaymentSettledSubscription, PaymentSettledSubscriptionVariables>;
