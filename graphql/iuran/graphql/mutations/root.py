"""The root of all changes."""

from typing import cast

from strawberry.tools import create_type
from strawberry.types.field import StrawberryField

from iuran.graphql.mutations import (
    care,
    claims,
    complaints,
    departures,
    employment,
    families,
    participants,
    people,
    plans,
    refunds,
    segments,
    suspense,
    verification,
)
from iuran.graphql.mutations.declaring import Mutation

MUTATIONS: tuple[Mutation, ...] = (
    families.register_family,
    families.change_care_class,
    people.add_member,
    people.add_newborn,
    departures.report_death,
    departures.approve_death,
    departures.remove_member,
    departures.approve_removal,
    segments.move_to_self_paid,
    segments.leave_segment,
    segments.approve_leaving_segment,
    participants.choose_home_facility,
    participants.change_data,
    plans.request_prepayment,
    plans.start_instalment_plan,
    refunds.ask_refund,
    refunds.record_refund_file_complete,
    refunds.approve_refund,
    refunds.refuse_refund,
    refunds.record_refund_payout,
    complaints.open_complaint,
    complaints.assign_complaint,
    complaints.answer_complaint,
    complaints.rate_service,
    care.issue_eligibility_letter,
    care.record_visit,
    care.issue_referral,
    care.record_discharge,
    claims.open_facility_claim,
    claims.open_reimbursement,
    claims.attach_claim_document,
    claims.submit_claim,
    verification.record_claim_complete,
    verification.record_claim_incomplete,
    verification.ask_about_claim,
    verification.dispute_claim,
    verification.resume_claim,
    verification.propose_claim_approval,
    verification.propose_claim_rejection,
    verification.decide_claim,
    verification.pay_claim,
    suspense.propose_suspense_account,
    suspense.propose_suspense_return,
    suspense.approve_suspense_placement,
    employment.report_worker,
    employment.report_wage,
    employment.end_employment,
)
"""Every mutation, in the order of the schema."""

MutationRoot = create_type(
    "Mutation",
    # Strawberry takes what `strawberry.mutation` made, which is typed as Any.
    [cast("StrawberryField", one.field) for one in MUTATIONS],
    description="Changes. Each does all of what it is asked, or nothing, and answers with what "
    "came of it or with a Problem. Several in one operation are done one after another.",
)
