"use strict";

// The token lives in this tab only: in the field, and in sessionStorage for a reload. A link that
// ends in #token=... fills it; the fragment is never sent to a server and is taken off at once.
const KEPT = "iuran.token";
const field = document.getElementById("token");
const who = document.getElementById("who");
const menu = document.getElementById("screens");
const roles = document.getElementById("roles");
let offered = []; // tokens of the demonstration; none anywhere else

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

async function ask(query, token) {
  const headers = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const body = JSON.stringify({ query });
  const response = await fetchWithToken("graphql", { method: "POST", headers, body });
  return response.json();
}

async function sayWho() {
  const answer = await ask("{ viewer { role } }");
  who.textContent = answer.data
    ? `You are: ${answer.data.viewer.role}`
    : answer.errors[0].message;
  roles.value = offered.find(({ token }) => bearer(token) === bearer(field.value))?.token ?? "";
}

// For whom a token is: the same person's token of another minute is offered under another text.
function bearer(token) {
  try {
    const claims = atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"));
    const { role, family_id: family, facility, employer_id: employer } = JSON.parse(claims);
    return JSON.stringify([role, family, facility, employer]);
  } catch {
    return token;
  }
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

function use(token) {
  sessionStorage.setItem(KEPT, token.trim().replace(/^bearer\s+/i, ""));
  field.value = sessionStorage.getItem(KEPT);
  show();
}

function fillMenu(select, options) {
  for (const [value, text] of options) {
    select.append(new Option(text, value));
  }
  select.closest("label").hidden = options.length === 0;
}

async function loaded(url) {
  try {
    const response = await fetch(url);
    return response.ok ? await response.json() : [];
  } catch {
    return [];
  }
}

// The variables of a screen name a family of the documentation; here they name one that exists:
// the token's own, or else the demonstration's first.
async function keysHere() {
  const query = `{ viewer { family {
    id membership { id } bills(first: 1) { nodes { id } } participants { id cardNumber }
  } } }`;
  let family = (await ask(query)).data?.viewer.family;
  if (!family && offered.length > 0) {
    family = (await ask(query, offered[0].token)).data?.viewer.family;
  }
  if (!family) return {};
  const [person] = family.participants;
  return {
    family: family.id,
    membershipId: family.membership?.id,
    bill: family.bills.nodes[0]?.id,
    participantId: person?.id,
    card: person?.cardNumber,
  };
}

function namedHere(value, keys, name) {
  if (name === "idempotencyKey") return newKey();
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    const inner = Object.entries(value).map(([key, one]) => [key, namedHere(one, keys, key)]);
    return Object.fromEntries(inner);
  }
  return keys[name] ?? value;
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function editor(place) {
  return document.querySelector(`${place} .CodeMirror`)?.CodeMirror;
}

async function until(found) {
  for (let tries = 0; tries < 100 && !found(); tries += 1) {
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

async function showScreen({ role, query, variables }) {
  const fitting = offered.find((one) => one.role === role);
  const current = offered.find(({ token }) => bearer(token) === bearer(field.value));
  if (fitting && current?.role !== role) use(fitting.token);
  const given = namedHere(variables, await keysHere(), "");
  await until(() => editor(".graphiql-query-editor") && editor(".graphiql-editor-tool"));
  const tabs = document.querySelectorAll(".graphiql-tab").length;
  document.querySelector(".graphiql-tab-add").click(); // what is written elsewhere stays
  await until(() => document.querySelectorAll(".graphiql-tab").length > tabs);
  editor(".graphiql-query-editor").setValue(query);
  const has = Object.keys(given).length > 0;
  editor(".graphiql-editor-tool").setValue(has ? JSON.stringify(given, null, 2) : "");
}

async function begin() {
  const [screens, tokens] = await Promise.all([
    loaded("graphiql/static/screens.json"),
    loaded("graphiql/demo-tokens"),
  ]);
  offered = tokens;
  fillMenu(menu, screens.map(({ title, role }, index) => [index, `${title} (${role.toLowerCase()})`]));
  fillMenu(roles, tokens.map(({ role, about, token }) => [token, about ? `${role}: ${about}` : role]));
  menu.addEventListener("change", () => {
    const screen = screens[menu.value];
    menu.value = "";
    showScreen(screen).catch((error) => { who.textContent = String(error); });
  });
  roles.addEventListener("change", () => { use(roles.value); });
  if (field.value === "" && tokens.length > 0) use(tokens[0].token);
  else show();
}

document.getElementById("bar").addEventListener("submit", (event) => {
  event.preventDefault();
  use(field.value);
});
addEventListener("hashchange", () => { takeTokenFromLink(); show(); });

takeTokenFromLink();
begin().catch((error) => { who.textContent = String(error); });
