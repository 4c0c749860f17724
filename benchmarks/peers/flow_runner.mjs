// Plays the conversation on @floip/flow-runner: a flow of messages, questions and cases, and two blocks of the shop.
//
// Its context is JSON by design and is read and written at every message, the flow itself left out. Texts are
// rendered by its own expressions. The buttons of a block stand in its vendor_metadata, as it knows none.

import floip from "@floip/flow-runner";

import * as shop from "./cookie_barrel.mjs";
import { serve } from "./serving.mjs";

const {
  createContextDataObjectFor,
  createDefaultBlockRunnerStore,
  FlowRunner,
  IdGeneratorUuidV4,
  ResourceResolver,
} = floip;

// Identifiers of blocks must be UUIDs; these are readable ones.
const uuids = new Map();
const uuid = (name) => {
  if (!uuids.has(name)) uuids.set(name, `00000000-0000-4000-8000-${String(uuids.size).padStart(12, "0")}`);
  return uuids.get(name);
};

const exit = (block, tag, target, rest = {}) => ({
  uuid: uuid(`${block}.${tag}`),
  label: tag,
  tag,
  destination_block: target && uuid(target),
  config: {},
  ...rest,
});
const block = (name, type, config, exits, buttons = []) => ({
  uuid: uuid(name),
  name,
  type,
  config,
  exits,
  vendor_metadata: { buttons },
});
const message = (name, [text, buttons], target) =>
  block(name, "MobilePrimitives.Message", { prompt: text }, [exit(name, "next", target)], buttons);
const question = (name, [text, buttons], target) =>
  block(
    name,
    "MobilePrimitives.OpenResponse",
    { prompt: text, text: {} },
    [exit(name, "next", target)],
    buttons,
  );
const choice = (name, tests, otherwise) =>
  block(name, "Core.Case", {}, [
    ...tests.map(([test, target], at) => exit(name, `case_${at}`, target, { test })),
    exit(name, "otherwise", otherwise, { default: true }),
  ]);
const isOneOf = (name, words) => {
  const [first, ...rest] = [...words].map((word) => `lower(flow.${name}.value) = "${word}"`);
  return rest.length ? `@(or(${[first, ...rest].join(", ")}))` : `@(${first})`;
};
const isBetween = (name, least, most) =>
  `@(and(len(flow.${name}.value) >= ${least}, len(flow.${name}.value) <= ${most}))`;

// The runner reports every pause on the console, which would be measured too.
console.info = () => undefined;

const SILENT = ["", []];
const flow = {
  uuid: uuid("flow"),
  name: "customer",
  languages: [{ id: "en" }],
  supported_modes: ["text"],
  blocks: [
    message("welcome", shop.WELCOME, "menu"),
    message("menu", shop.MENU, "order"),
    question("order", SILENT, "read_order"),
    block("read_order", "CookieBarrel.ReadOrder", {}, [
      exit("read_order", "added", "added"),
      exit("read_order", "refused", "refused"),
      exit("read_order", "other", "order_word"),
    ]),
    message(
      "added",
      [
        "✅ Added @(flow.read_order.value.quantity)x @(flow.read_order.value.product)\n" +
          "Cart Total: @(flow.read_order.value.total)",
        ["View cart", "Checkout", "Menu"],
      ],
      "order",
    ),
    message("refused", ["@(flow.read_order.value.refusal)", []], "order"),
    choice("order_word", [[isOneOf("order", shop.DONE), "is_cart_empty"]], "how_to_order"),
    message("how_to_order", shop.HOW_TO_ORDER, "order"),
    choice("is_cart_empty", [["@(flow.read_order.value.lines = 0)", "cart_is_empty"]], "customer_name"),
    message("cart_is_empty", shop.CART_IS_EMPTY, "order"),
    question("customer_name", shop.ASK_NAME, "check_name"),
    choice("check_name", [[isBetween("customer_name", 2, 60), "address"]], "not_a_name"),
    message("not_a_name", shop.NOT_A_NAME, "customer_name"),
    question("address", shop.askAddress("@(flow.customer_name.value)"), "check_address"),
    choice("check_address", [[isBetween("address", 10, 300), "instructions"]], "not_an_address"),
    message("not_an_address", shop.NOT_AN_ADDRESS, "address"),
    question("instructions", shop.ASK_INSTRUCTIONS, "check_instructions"),
    choice("check_instructions", [[isBetween("instructions", 0, 400), "sum_up"]], "too_long"),
    message("too_long", shop.TOO_LONG, "instructions"),
    block("sum_up", "CookieBarrel.SumUp", {}, [exit("sum_up", "next", "confirmation")]),
    question(
      "confirmation",
      [
        "📋 Order Summary\n👤 Name: @(flow.customer_name.value)\n🏠 Address: @(flow.address.value)\n" +
          "📝 Instructions: @(flow.sum_up.value.instructions)\n\n@(flow.sum_up.value.lines)\n" +
          "Total: @(flow.sum_up.value.total)\n\nSend *confirm* to place the order, or *cancel* to drop it.",
        ["Confirm", "Cancel"],
      ],
      "is_confirmed",
    ),
    choice("is_confirmed", [[isOneOf("confirmation", shop.CONFIRM), "place_order"]], "please_confirm"),
    message("please_confirm", shop.PLEASE_CONFIRM, "confirmation"),
    block("place_order", "CookieBarrel.PlaceOrder", {}, [exit("place_order", "next", "order_placed")]),
    message(
      "order_placed",
      [
        "✅ Order Confirmed!\nOrder #: @(flow.place_order.value.number)\nTotal: @(flow.place_order.value.total)",
        [],
      ],
      undefined,
    ),
  ],
};
const blocks = new Map(flow.blocks.map((each) => [each.uuid, each]));

const lastValue = (context, name) => {
  const { interactions } = context;
  for (let at = interactions.length - 1; at >= 0; at -= 1) {
    if (interactions[at].block_id === uuid(name)) return interactions[at].value;
  }
  return undefined;
};

// A block that computes a value and leaves by the exit of that number.
const computing = (compute) => (block, context) => ({
  block,
  context,
  initialize: async () => undefined,
  run: async ({ interaction }) => {
    const [value, at = 0] = compute(context);
    interaction.value = value;
    interaction.has_response = true;
    return block.exits[at];
  },
});

function runners(customer, orders) {
  const store = createDefaultBlockRunnerStore();
  store.set(
    "CookieBarrel.ReadOrder",
    computing((context) => {
      const { cart } = context.session_vars;
      const line = shop.readOrderLine(lastValue(context, "order"));
      if (!line) return [{ lines: cart.length }, 2];
      const refused = shop.refusal(cart, ...line);
      if (refused) return [{ refusal: refused[0] }, 1];
      const more = shop.withLine(cart, ...line);
      context.session_vars = { ...context.session_vars, cart: more };
      const [number, quantity] = line;
      return [
        { quantity, product: shop.PRODUCTS.get(number).name, total: shop.money(shop.totalOf(more)) },
        0,
      ];
    }),
  );
  store.set(
    "CookieBarrel.SumUp",
    computing((context) => {
      const said = lastValue(context, "instructions");
      const { cart } = context.session_vars;
      const lines = cart.map(
        ([number, quantity, price]) =>
          `• ${quantity}x ${shop.PRODUCTS.get(number).name} - ${shop.money(quantity * price)}`,
      );
      const instructions = shop.SKIP.has(shop.wordOf(said)) ? "none" : said.trim();
      return [{ instructions, lines: lines.join("\n"), total: shop.money(shop.totalOf(cart)) }];
    }),
  );
  store.set(
    "CookieBarrel.PlaceOrder",
    computing((context) => {
      const { instructions } = lastValue(context, "sum_up");
      const [name, address] = ["customer_name", "address"].map((each) => lastValue(context, each));
      const order = orders.placeOrder(customer, context.session_vars.cart, name, address, instructions);
      context.session_vars = { ...context.session_vars, cart: [] };
      return [{ number: order.number, total: shop.money(order.total) }];
    }),
  );
  return store;
}

async function hear(conversation, text, orders) {
  const { customer, raw } = conversation;
  const contact = { id: customer, name: customer, created_at: "2025-10-18 09:00:00.000Z", groups: [] };
  const context =
    raw === undefined
      ? await createContextDataObjectFor(contact, [], "user", "cookie_barrel", [flow], "en", "text")
      : { ...JSON.parse(raw), flows: [flow] };
  if (raw === undefined) context.session_vars.cart = [];
  const runner = new FlowRunner(context, runners(customer, orders), new IdGeneratorUuidV4());
  const replies = [];
  let cursor =
    raw === undefined ? await runner.run() : await runner.hydrateRichCursorFrom(context).prompt.fulfill(text);
  while (cursor) {
    const { prompt, interaction } = cursor;
    const said = new ResourceResolver(context).resolve(prompt.config.prompt).getText();
    if (said) replies.push([said, blocks.get(interaction.block_id).vendor_metadata.buttons]);
    if (prompt.config.isResponseRequired) break;
    cursor = await prompt.fulfill(null);
  }
  const { flows, ...kept } = context;
  conversation.raw = JSON.stringify(kept);
  return replies;
}

await serve({
  begin: (customer) => ({ customer, raw: undefined }),
  hear,
  size: ({ raw }) => (raw === undefined ? 0 : Buffer.byteLength(raw)),
});
