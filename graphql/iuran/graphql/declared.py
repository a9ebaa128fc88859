"""Every type that is read, and every question: what the compiler knows."""

from graphql import GraphQLSchema

from iuran.graphql.compiler.drafts import Declarations
from iuran.graphql.mutations.payloads import source_of
from iuran.graphql.mutations.root import MUTATIONS
from iuran.graphql.queries import QUERY, ROOTS
from iuran.graphql.types.approvals import APPROVAL_WAITING
from iuran.graphql.types.bill_lines import BILL_LINE
from iuran.graphql.types.bill_revisions import BILL_REVISION
from iuran.graphql.types.bills import BILL
from iuran.graphql.types.capitation import CAPITATION_STATEMENT, CAPITATION_TARIFF
from iuran.graphql.types.care import ELIGIBILITY_LETTER, REFERRAL, VISIT
from iuran.graphql.types.changes import FAMILY_CHANGE, MANUAL_CHANGE
from iuran.graphql.types.channels import CHANNEL
from iuran.graphql.types.claim_history import CLAIM_DOCUMENT, CLAIM_EVENT, CLAIM_PAYMENT
from iuran.graphql.types.claims import CLAIM
from iuran.graphql.types.clockwork import BILLING_RUN, JOB
from iuran.graphql.types.complaints import COMPLAINT, COMPLAINT_EVENT
from iuran.graphql.types.contacts import (
    CONTACT_PREFERENCE,
    REMINDER_QUEUE_FIGURE,
    REMINDER_RULE,
)
from iuran.graphql.types.disputes import DISPUTE_CLOSING, DISPUTE_PROPOSAL, DISPUTED_PAYMENT
from iuran.graphql.types.eligibility import ELIGIBILITY_CHECK, EXPECTED_FINE
from iuran.graphql.types.employer_bills import (
    EMPLOYER_BILL,
    EMPLOYER_PAYMENT,
    EMPLOYER_PAYMENT_ALLOCATION,
)
from iuran.graphql.types.employers import EMPLOYER, EMPLOYER_CREDIT_ENTRY
from iuran.graphql.types.employments import EMPLOYMENT, WAGE
from iuran.graphql.types.events import (
    BILL_CHANGED,
    CLAIM_MOVED,
    MEMBERSHIP_CHANGED,
    PAYMENT_SETTLED,
)
from iuran.graphql.types.explanations import EXPLANATION, REASON
from iuran.graphql.types.facilities import FACILITY, HOME_FACILITY
from iuran.graphql.types.facility_contracts import FACILITY_CONTRACT
from iuran.graphql.types.families import FAMILY
from iuran.graphql.types.figures import FIGURES
from iuran.graphql.types.finance_figures import (
    ARREARS_FIGURE,
    BILLED_FIGURE,
    CLAIMS_PAID_FIGURE,
    COLLECTED_FIGURE,
    FINE_FIGURE,
    MONEY_HELD,
    REACTIVATION_FIGURE,
)
from iuran.graphql.types.governments import GOVERNMENT_BILL_LINE, GOVERNMENT_PAYMENT
from iuran.graphql.types.information import INFORMATION, OFFICE
from iuran.graphql.types.instalments import INSTALMENT_PLAN, INSTALMENT_STEP
from iuran.graphql.types.ledgers import CREDIT_ENTRY, LEDGER_ENTRY
from iuran.graphql.types.mandates import AUTODEBIT_ATTEMPT, AUTODEBIT_MANDATE
from iuran.graphql.types.memberships import FINE_WINDOW, LAYOFF, MEMBERSHIP, MEMBERSHIP_EVENT
from iuran.graphql.types.participants import PARTICIPANT
from iuran.graphql.types.payables import PAYABLE
from iuran.graphql.types.payer_refunds import PAYER_REFUND
from iuran.graphql.types.payments import PAYMENT, PAYMENT_ALLOCATION
from iuran.graphql.types.public_figures import (
    CLAIM_FIGURE,
    COMPLAINT_FIGURE,
    REGISTRATION_FIGURE,
    SATISFACTION_FIGURE,
)
from iuran.graphql.types.refunds import REFUND, REFUND_EVENT
from iuran.graphql.types.registration import REGISTRATION_PROGRESS
from iuran.graphql.types.reminder_previews import (
    PREVIEWED_MESSAGE,
    PREVIEWED_MESSAGES,
    REMINDER_PREVIEW,
)
from iuran.graphql.types.reminders import REMINDER
from iuran.graphql.types.stay_fines import STAY_FINE
from iuran.graphql.types.suspense import SUSPENSE_ITEM, SUSPENSE_PROPOSAL
from iuran.graphql.types.viewers import VIEWER
from iuran.graphql.types.virtual_accounts import VIRTUAL_ACCOUNT
from iuran.graphql.types.webhooks import WEBHOOK_DELIVERY, WEBHOOK_ENDPOINT
from iuran.graphql.types.write_offs import WRITE_OFF_ORDER

SOURCES = (
    APPROVAL_WAITING,
    AUTODEBIT_ATTEMPT,
    AUTODEBIT_MANDATE,
    CONTACT_PREFERENCE,
    DISPUTED_PAYMENT,
    DISPUTE_PROPOSAL,
    DISPUTE_CLOSING,
    EMPLOYER_CREDIT_ENTRY,
    FAMILY_CHANGE,
    GOVERNMENT_PAYMENT,
    LAYOFF,
    MANUAL_CHANGE,
    REMINDER_QUEUE_FIGURE,
    REMINDER_RULE,
    WAGE,
    WEBHOOK_DELIVERY,
    WEBHOOK_ENDPOINT,
    ARREARS_FIGURE,
    BILLED_FIGURE,
    CLAIMS_PAID_FIGURE,
    CLAIM_FIGURE,
    COLLECTED_FIGURE,
    COMPLAINT_FIGURE,
    FIGURES,
    FINE_FIGURE,
    MONEY_HELD,
    REACTIVATION_FIGURE,
    REGISTRATION_FIGURE,
    SATISFACTION_FIGURE,
    CAPITATION_STATEMENT,
    CAPITATION_TARIFF,
    FACILITY_CONTRACT,
    REGISTRATION_PROGRESS,
    WRITE_OFF_ORDER,
    BILLING_RUN,
    EMPLOYER,
    EMPLOYER_BILL,
    EMPLOYER_PAYMENT,
    EMPLOYER_PAYMENT_ALLOCATION,
    EMPLOYMENT,
    GOVERNMENT_BILL_LINE,
    INFORMATION,
    JOB,
    OFFICE,
    PREVIEWED_MESSAGE,
    PREVIEWED_MESSAGES,
    REMINDER,
    REMINDER_PREVIEW,
    SUSPENSE_ITEM,
    SUSPENSE_PROPOSAL,
    BILL,
    BILL_CHANGED,
    BILL_LINE,
    BILL_REVISION,
    CHANNEL,
    CLAIM,
    CLAIM_DOCUMENT,
    CLAIM_EVENT,
    CLAIM_MOVED,
    CLAIM_PAYMENT,
    COMPLAINT,
    COMPLAINT_EVENT,
    CREDIT_ENTRY,
    ELIGIBILITY_CHECK,
    ELIGIBILITY_LETTER,
    EXPECTED_FINE,
    EXPLANATION,
    FACILITY,
    FAMILY,
    FINE_WINDOW,
    HOME_FACILITY,
    INSTALMENT_PLAN,
    INSTALMENT_STEP,
    LEDGER_ENTRY,
    MEMBERSHIP,
    MEMBERSHIP_CHANGED,
    MEMBERSHIP_EVENT,
    PARTICIPANT,
    PAYABLE,
    PAYER_REFUND,
    PAYMENT,
    PAYMENT_ALLOCATION,
    PAYMENT_SETTLED,
    QUERY,
    REASON,
    REFERRAL,
    REFUND,
    REFUND_EVENT,
    STAY_FINE,
    VIEWER,
    VIRTUAL_ACCOUNT,
    VISIT,
)


PAYLOADS = tuple(source_of(one.wish.payload) for one in MUTATIONS)
"""What mutations answer, each read in the transaction of its mutation."""


def declarations_of(schema: GraphQLSchema) -> Declarations:
    """Return the schema with how all of it is read."""
    sources = {source.type_name: source for source in (*SOURCES, *PAYLOADS)}
    return Declarations(schema=schema, sources=sources, roots=ROOTS)
