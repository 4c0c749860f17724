// Answers run.py on standard output, a line of JSON for each line of JSON on standard input, as serving.py does.

import { createInterface } from "node:readline";

import { SAYS, Shop } from "./cookie_barrel.mjs";

// `begin(customer)` gives a conversation of which nothing is kept yet; `hear(conversation, text, shop)` takes one
// message and gives its replies; `size(conversation)` tells the bytes that are kept of it.
export async function serve({ begin, hear, size }) {
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    const answer =
      asked.ask === "transcript" ? await transcript() : { seconds: await run(asked.conversations) };
    console.log(JSON.stringify(answer));
  }

  async function transcript() {
    const shop = new Shop();
    const conversation = begin("1");
    const said = [];
    let kept = 0;
    for (const text of SAYS) {
      kept = size(conversation);
      said.push(await hear(conversation, text, shop));
    }
    return { transcript: said, kept };
  }

  async function run(conversations) {
    const shop = new Shop();
    const start = performance.now();
    for (let customer = 1; customer <= conversations; customer += 1) {
      const conversation = begin(String(customer));
      for (const text of SAYS) await hear(conversation, text, shop);
    }
    const seconds = (performance.now() - start) / 1000;
    if (shop.orders.size !== conversations) throw new Error("not every conversation placed its order");
    return seconds;
  }
}
