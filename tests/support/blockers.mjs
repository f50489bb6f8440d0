// Says which requests the rules of ad blockers block, and what of a page they hide.
//
// Arguments: the files of rules. Standard input: JSON {requests: [{url, type, page}], pages: [{url,
// ids, classes, hrefs}]}. Output: JSON {blocked: [the rule for each request, or null], hidden: [the
// style sheet for each page]}.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const { FiltersEngine, Request } = createRequire(process.argv[2])("@ghostery/adblocker");
const rules = process.argv.slice(3).map((name) => readFileSync(name, "utf8")).join("\n");
const engine = FiltersEngine.parse(rules, { debug: true });
const { requests, pages } = JSON.parse(readFileSync(0, "utf8"));
const blocked = requests.map(({ url, type, page }) => {
  const { match, filter } = engine.match(Request.fromRawDetails({ url, type, sourceUrl: page }));
  return match ? String(filter?.rawLine ?? filter) : null;
});
const hidden = pages.map(({ url, ids, classes, hrefs }) => {
  const { hostname } = new URL(url);
  const found = engine.getCosmeticsFilters({ url, hostname, domain: hostname, ids, classes, hrefs,
    getBaseRules: false, getInjectionRules: false, getRulesFromHostname: false });
  return found.styles;
});
process.stdout.write(JSON.stringify({ blocked, hidden }));
