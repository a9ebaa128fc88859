// Writes source/gql from the schema and the operations: types, documents, and the manifest that
// `iuran documents load` takes. graphql-codegen's own command does the same with its client preset
// and this configuration; the packages are fewer without it.
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { codegen } from "@graphql-codegen/core";
import { preset } from "@graphql-codegen/client-preset";
import { parse } from "graphql";

const [schemaFile = "../../../graphql/schema.graphql", folder = "source/gql/"] = process.argv.slice(2);

const schema = parse(await readFile(schemaFile, "utf8"));
const names = (await readdir("operations")).sort();
const documents = await Promise.all(
  names.map(async (name) => {
    const rawSDL = await readFile(`operations/${name}`, "utf8");
    return { location: name, rawSDL, document: parse(rawSDL) };
  }),
);
const sections = await preset.buildGeneratesSection({
  baseOutputDir: folder,
  schema,
  documents,
  plugins: [],
  pluginMap: {},
  presetConfig: {
    fragmentMasking: false,
    persistedDocuments: { hashAlgorithm: "sha256" },
  },
  config: {
    documentMode: "string",
    enumType: "string-literal",
    futureProofEnums: true, // enums may grow: the compiler asks for a case for values of later
    strictScalars: true,
    useTypeImports: true,
    scalars: {
      CardNumber: "string",
      CoverageMonth: "string",
      Date: "string",
      DateTime: "string",
      FamilyCardNumber: "string",
      NIK: "string",
      Rupiah: "string", // digits: BigInt reads them, a number would round
      VANumber: "string",
    },
  },
});
await mkdir(folder, { recursive: true });
for (const section of sections.filter(({ filename }) => /graphql\.ts$|\.json$/.test(filename))) {
  const written = await codegen(section);
  await writeFile(section.filename, written.trimEnd() + "\n");
}
