// PostGraphile with its own preset over our tables, for bench/postgraphile.py.
//
// usage: node server.mjs DATABASE_URL PORT CONNECTIONS
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";

const [databaseUrl, port, connections] = process.argv.slice(2);

// Relations that our tables have without a foreign key of that shape, under the names of our queries.
const toFamily = (foreign) =>
  `(family_id) references family (family_id)|@fieldName family|@foreignFieldName ${foreign}`;
const relations = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      bill: { tags: { foreignKey: toFamily("bills") } },
      participant_card: {
        tags: {
          foreignKey:
            "(family_id, participant_id) references participant (family_id, participant_id)" +
            "|@fieldName participant",
        },
      },
      virtual_account_number: { tags: { foreignKey: toFamily("numbers") } },
      family: {
        tags: {
          foreignKey:
            "(family_id, payer_participant_id) references participant (family_id, participant_id)" +
            "|@fieldName payer",
        },
      },
    },
  },
});

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [relations],
  disablePlugins: ["PgRBACPlugin"],
  pgServices: [
    makePgService({
      connectionString: databaseUrl,
      schemas: ["public"],
      poolConfig: { max: Number(connections) },
    }),
  ],
  grafserv: { port: Number(port), graphqlPath: "/graphql", graphiql: false, watch: false },
  grafast: { explain: false },
};

const served = postgraphile(preset).createServ(grafserv);
const server = createServer();
await served.addTo(server);
server.listen(Number(port), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
