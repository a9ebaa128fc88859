"use strict";

// The token lives in this tab only: in the field, and in sessionStorage for a reload. A link that
// ends in #token=... fills it; the fragment is never sent to a server and is taken off at once.
const KEPT = "iuran.token";
const field = document.getElementById("token");
const who = document.getElementById("who");

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

function takeTokenFromLink() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    sessionStorage.setItem(KEPT, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  field.value = sessionStorage.getItem(KEPT) ?? "";
}

function fetchWithToken(url, options) {
  const headers = new Headers(options.headers);
  const token = sessionStorage.getItem(KEPT);
  if (token && !headers.has("authorization")) {
    headers.set("authorization", `Bearer ${token}`);
  }
  return fetch(url, { ...options, headers });
}

async function sayWho() {
  who.textContent = "";
  const response = await fetchWithToken("graphql", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: "{ viewer { role } }" }),
  });
  const answer = await response.json();
  who.textContent = answer.data
    ? `You are: ${answer.data.viewer.role}`
    : answer.errors[0].message;
}

const root = ReactDOM.createRoot(document.getElementById("graphiql"));

function show() {
  const fetcher = GraphiQL.createFetcher({
    url: "graphql",
    fetch: fetchWithToken,
    subscriptionUrl: new URL("graphql", location.href).href.replace(/^http/, "ws"),
    wsConnectionParams: { authorization: `Bearer ${sessionStorage.getItem(KEPT) ?? ""}` },
  });
  root.render(
    React.createElement(GraphiQL, {
      key: field.value, // another token may see another schema: begin anew
      fetcher,
      defaultQuery: FIRST_QUERY,
      defaultEditorToolsVisibility: "variables",
      shouldPersistHeaders: false,
    }),
  );
  sayWho().catch((error) => { who.textContent = String(error); });
}

document.getElementById("bar").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEPT, field.value.trim().replace(/^bearer\s+/i, ""));
  show();
});
addEventListener("hashchange", () => { takeTokenFromLink(); show(); });

takeTokenFromLink();
show();
