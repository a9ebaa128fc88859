"""Three questions of a membership app, as each server words them."""

from bench.asking import Question

FAMILY_BY_VA = "family by VA with members and 12 bills"
FIFTY_BILLS = "50 bills with nested family and head"
PARTICIPANT_BY_CARD = "one participant by card"

OURS = {
    FAMILY_BY_VA: Question(
        variable="va",
        document="""query ($va: VANumber!) { family(by: {vaNumber: $va}) {
            id familyCardNumber participants { id name cardNumber birthDate sex relation }
            bills(first: 12) { nodes { id coverageMonth amount state dueDate members settledAt }
                               pageInfo { hasNextPage endCursor } } } }""",
    ),
    FIFTY_BILLS: Question(
        variable="id",
        document="""query ($id: ID!) { bills(family: $id, first: 50) {
            nodes { id coverageMonth amount state dueDate
                    family { id familyCardNumber payer { id name cardNumber } } } } }""",
    ),
    PARTICIPANT_BY_CARD: Question(
        variable="card",
        document="""query ($card: CardNumber!) { participant(by: {cardNumber: $card}) {
            id name nik cardNumber birthDate sex relation phone email } }""",
    ),
}

POSTGRAPHILES = {
    FAMILY_BY_VA: Question(
        variable="customerNumber",
        document="""query ($customerNumber: String!) {
            virtualAccountNumberByCustomerNumber(customerNumber: $customerNumber) { family {
              id kkNumber
              participantsByFamilyId {
                nodes { id name cardNumber birthDate sex relation } }
              bills(first: 12, orderBy: [COVERAGE_MONTH_DESC, MEMBERSHIP_ID_DESC]) {
                nodes { id coverageMonth amount state dueDate members settledAt }
                pageInfo { hasNextPage endCursor } } } } }""",
    ),
    FIFTY_BILLS: Question(
        variable="familyId",
        document="""query ($familyId: BigInt!) {
            allBills(condition: {familyId: $familyId}, first: 50,
                     orderBy: [COVERAGE_MONTH_DESC, MEMBERSHIP_ID_DESC]) {
              nodes { id coverageMonth amount state dueDate
                      family { id kkNumber payer { id name cardNumber } } } } }""",
    ),
    PARTICIPANT_BY_CARD: Question(
        variable="card",
        document="""query ($card: String!) { participantCardByCardNumber(cardNumber: $card) {
            participant { id name nik cardNumber birthDate sex relation phone email } } }""",
    ),
}
