// `npm run fuzz -- capabilities --seed N --minutes M [--decisions N]`: random trees of capabilities, requests, revocations and
// clocks, each decision held to a model that shares no code with the library. Ends at the one or the other, 0 being no end.
import { playStory } from "../packages/capabilities/test/campaign.ts";
import { campaign } from "./campaign.mjs";

await campaign("fuzz capabilities", { minutes: 1, decisions: 0 }, async ({ random, minutes, numbers, say }) => {
  const counts = { decisions: 0, permitted: 0, byOutcome: new Map() };
  const endAt = minutes === 0 ? Number.POSITIVE_INFINITY : Date.now() + minutes * 60_000;
  const wanted = numbers.decisions === 0 ? Number.POSITIVE_INFINITY : numbers.decisions;
  let stories = 0;
  for (; counts.decisions < wanted && Date.now() < endAt; stories += 1) {
    await playStory(random, 100, counts);
    if (stories % 2_000 === 1_999) say(`${counts.decisions} decisions`);
  }
  say([...counts.byOutcome].map(([code, count]) => `${code} ${count}`).join(", "));
  return `${counts.decisions} decisions in ${stories} stories, ${counts.permitted} of them yes: 0 widened, 0 against the model`;
});
