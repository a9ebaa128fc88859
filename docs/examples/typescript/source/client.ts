// Asks iuran, typed by the operation. An operation is named by its id, as `iuran documents load`
// stored it; a server that does not know the id is sent the text.
import { createClient, type Client, type SubscribePayload } from "graphql-ws";
import type { TypedDocumentString } from "./gql/graphql.js";

const ID_UNKNOWN = "PERSISTED_QUERY_NOT_FOUND";
const SENT_AGAIN_MAX = 3;
const NO_TEXT = ""; // graphql-ws wants a text; where an id is sent it is left out on the wire

export interface Connection {
  readonly url: string; // such as http://127.0.0.1:8000/graphql
  readonly token: () => string; // asked for each time, so that it can be renewed
  readonly language: "id" | "en";
  readonly webSocket?: unknown; // only where there is no WebSocket by itself, as in Node.js 20
}

interface Told {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly requestId?: string };
}

export class Refusal extends Error {
  readonly code: string;

  constructor({ message, extensions }: Told) {
    super(`${message} (${extensions?.code}, request ${extensions?.requestId ?? "unknown"})`);
    this.code = extensions?.code ?? "INTERNAL";
  }
}

type Document<Data, Variables> = TypedDocumentString<Data, Variables>;

/** Ask a query or a mutation; throws Refusal when it was refused or a part of it failed. */
export async function ask<Data, Variables extends object>(
  connection: Connection,
  document: Document<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  try {
    return await post<Data>(connection, { documentId: idOf(document), variables });
  } catch (error) {
    if (!(error instanceof Refusal && error.code === ID_UNKNOWN)) throw error;
    return post<Data>(connection, { query: String(document), variables });
  }
}

type Wish<Variables> = Variables extends { readonly input: infer Input }
  ? Omit<Input, "idempotencyKey">
  : never;

/**
 * Change something. A key stands for the wish: it is made once, so that sending again after a lost
 * answer changes nothing twice. What the domain refuses is an answer, not an exception: a Problem.
 */
export async function change<Data, Variables extends { input: { idempotencyKey: string } }>(
  connection: Connection,
  document: Document<Data, Variables>,
  wish: Wish<Variables>,
): Promise<Data> {
  const input = { ...wish, idempotencyKey: crypto.randomUUID() };
  for (let lost = 0; ; lost += 1) {
    try {
      return await ask(connection, document, { input } as unknown as Variables);
    } catch (error) {
      if (error instanceof Refusal || lost >= SENT_AGAIN_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** lost));
    }
  }
}

async function post<Data>(connection: Connection, body: object): Promise<Data> {
  const response = await fetch(connection.url, {
    method: "POST",
    headers: {
      accept: "application/graphql-response+json",
      "accept-language": connection.language,
      authorization: `Bearer ${connection.token()}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { data?: Data; errors?: readonly Told[] };
  if (answer.errors?.[0] !== undefined) throw new Refusal(answer.errors[0]);
  if (answer.data === undefined) throw new Error(`no answer of GraphQL: HTTP ${response.status}`);
  return answer.data;
}

/**
 * Tell what happens, until the caller has heard enough. After a broken line it is subscribed again
 * with `variables` as they are then: keep the cursor of each event in them, and nothing is missed.
 */
export async function* listen<Data, Variables extends object>(
  connection: Connection,
  document: Document<Data, Variables>,
  variables: Variables,
): AsyncGenerator<Data> {
  const client = createClient({
    url: connection.url.replace(/^http/, "ws"),
    connectionParams: () => ({ authorization: `Bearer ${connection.token()}` }),
    retryAttempts: Infinity,
    jsonMessageReplacer: (key, value) => (key === "query" && value === NO_TEXT ? undefined : value),
    ...(connection.webSocket === undefined ? {} : { webSocketImpl: connection.webSocket }),
  });
  const given = { variables: variables as Record<string, unknown> };
  try {
    const sha256Hash = idOf(document).replace("sha256:", "");
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    yield* events<Data>(client, { query: NO_TEXT, extensions, ...given });
  } catch (error) {
    if (!(error instanceof Refusal && error.code === ID_UNKNOWN)) throw error;
    yield* events<Data>(client, { query: String(document), ...given });
  } finally {
    await client.dispose();
  }
}

async function* events<Data>(
  client: Client,
  operation: SubscribePayload,
): AsyncGenerator<Data> {
  try {
    for await (const told of client.iterate<Data>(operation)) {
      if (told.errors?.[0] !== undefined) throw new Refusal(told.errors[0] as Told);
      if (told.data) yield told.data;
    }
  } catch (error) {
    throw Array.isArray(error) ? new Refusal(error[0] as Told) : error;
  }
}

function idOf(document: Document<unknown, never>): string {
  return String(document.__meta__?.["hash"]);
}
