"use strict";

// What an empty GraphiQL shows; a test asks all of it.
const FIRST_QUERY = `# The whole story of a family. Choose an operation with the play button.
# A participant's token shows his own family; with another role, ask by a number.

query Me {
  viewer { role reach family { ...Insurance } }
}

query FamilyByNumber {
  family(by: { cardNumber: "0009000000001" }) { ...Insurance }
}

query Bank {
  virtualAccount(number: "8888809000000001") {
    participant { name }
    payable { status amount arrearsMonths }
  }
}

query Hospital {
  participant(by: { cardNumber: "0009000000001" }) {
    name
    membership { state careClass fineWindow { lastDay isOpen } }
  }
}

# Play this one, and let the bank pay: what happens is told as it happens.
subscription WhatHappens {
  familyChanged {
    __typename
    cursor
    occurredAt
    ... on PaymentSettled { payment { amount channelName reference } }
    ... on BillChanged { billChange bills { coverageMonth state } }
    ... on MembershipChanged { membershipChange membership { state paidThrough } }
    ... on ClaimMoved { claim { number state } }
  }
}

fragment Insurance on Family {
  payer { name }
  membership {
    state
    careClass
    paidThrough
    fineWindow { firstDay lastDay arrearsMonths isOpen }
    history(first: 5) { nodes { effectiveAt state cause } }
  }
  payable { status amount members arrearsMonths firstMonth lastMonth }
  participants { name relation cardNumber virtualAccount { number } }
  bills(first: 6) {
    nodes {
      coverageMonth
      amount
      dueDate
      state
      isOverdue
      lines { participant { name } amount legalBasis }
      payment { paidAt channelName reference }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;
