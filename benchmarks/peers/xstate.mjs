// Plays the conversation on xstate: one machine, an actor a message, started from the persisted snapshot.

import { assign, createActor, setup } from "xstate";

import * as shop from "./cookie_barrel.mjs";
import { serve } from "./serving.mjs";

// The event carries the text, the shop, the customer and the list that takes the replies; none of it is kept.
const say = (reply) => (reached, params) => {
  reached.event.replies.push(typeof reply === "function" ? reply(reached, params) : reply);
};
const trimmed = ({ event }) => event.text.trim();
const isWord =
  (words) =>
  ({ event }) =>
    words.has(shop.wordOf(event.text));
const line = ({ event }) => shop.readOrderLine(event.text);

const machine = setup({
  guards: {
    isLine: (reached) => line(reached) !== null,
    isRefused: (reached) => {
      const read = line(reached);
      return read !== null && shop.refusal(reached.context.cart, ...read) !== null;
    },
    isDone: isWord(shop.DONE),
    isDoneTooSoon: (reached) => reached.context.cart.length === 0 && isWord(shop.DONE)(reached),
    isSkip: isWord(shop.SKIP),
    isConfirm: isWord(shop.CONFIRM),
    isName: ({ event }) => shop.isName(event.text),
    isAddress: ({ event }) => shop.isAddress(event.text),
    isInstructions: ({ event }) => shop.isInstructions(event.text),
  },
  actions: {
    greet: ({ event }) => event.replies.push(shop.WELCOME, shop.MENU),
    refuse: say((reached) => shop.refusal(reached.context.cart, ...line(reached))),
    addItem: assign({ cart: (reached) => shop.withLine(reached.context.cart, ...line(reached)) }),
    sayAdded: say((reached) => shop.itemAdded(...line(reached), reached.context.cart)),
    sayCartIsEmpty: say(shop.CART_IS_EMPTY),
    sayHowToOrder: say(shop.HOW_TO_ORDER),
    askName: say(shop.ASK_NAME),
    saveName: assign({ name: trimmed }),
    sayNotAName: say(shop.NOT_A_NAME),
    askAddress: say(({ context }) => shop.askAddress(context.name)),
    saveAddress: assign({ address: trimmed }),
    sayNotAnAddress: say(shop.NOT_AN_ADDRESS),
    askInstructions: say(shop.ASK_INSTRUCTIONS),
    saveInstructions: assign({ instructions: trimmed }),
    sayTooLong: say(shop.TOO_LONG),
    saySummary: say(({ context }) =>
      shop.summary(context.cart, context.name, context.address, context.instructions),
    ),
    sayPleaseConfirm: say(shop.PLEASE_CONFIRM),
    placeOrder: ({ context: { cart, name, address, instructions }, event }) => {
      const order = event.shop.placeOrder(event.customer, cart, name, address, instructions);
      event.replies.push(shop.orderPlaced(order));
    },
  },
}).createMachine({
  initial: "initial",
  context: { cart: [], name: "", address: "", instructions: "" },
  states: {
    initial: { on: { MESSAGE: { target: "awaiting_order", actions: "greet" } } },
    awaiting_order: {
      on: {
        MESSAGE: [
          { guard: "isRefused", actions: "refuse" },
          { guard: "isLine", actions: ["addItem", "sayAdded"] },
          { guard: "isDoneTooSoon", actions: "sayCartIsEmpty" },
          { guard: "isDone", target: "awaiting_name" },
          { actions: "sayHowToOrder" },
        ],
      },
    },
    awaiting_name: {
      entry: "askName",
      on: {
        MESSAGE: [
          { guard: "isName", target: "awaiting_address", actions: "saveName" },
          { actions: "sayNotAName" },
        ],
      },
    },
    awaiting_address: {
      entry: "askAddress",
      on: {
        MESSAGE: [
          { guard: "isAddress", target: "awaiting_instructions", actions: "saveAddress" },
          { actions: "sayNotAnAddress" },
        ],
      },
    },
    awaiting_instructions: {
      entry: "askInstructions",
      on: {
        MESSAGE: [
          { guard: "isSkip", target: "awaiting_confirmation" },
          { guard: "isInstructions", target: "awaiting_confirmation", actions: "saveInstructions" },
          { actions: "sayTooLong" },
        ],
      },
    },
    awaiting_confirmation: {
      entry: "saySummary",
      on: {
        MESSAGE: [
          { guard: "isConfirm", target: "order_placed", actions: "placeOrder" },
          { actions: "sayPleaseConfirm" },
        ],
      },
    },
    order_placed: { type: "final" },
  },
});

function hear(conversation, text, orders) {
  const snapshot = conversation.raw === undefined ? undefined : JSON.parse(conversation.raw);
  const actor = createActor(machine, { snapshot });
  const replies = [];
  actor.start();
  actor.send({ type: "MESSAGE", text, customer: conversation.customer, shop: orders, replies });
  conversation.raw = JSON.stringify(actor.getPersistedSnapshot());
  actor.stop();
  return replies;
}

await serve({
  begin: (customer) => ({ customer, raw: undefined }),
  hear,
  size: ({ raw }) => (raw === undefined ? 0 : Buffer.byteLength(raw)),
});
