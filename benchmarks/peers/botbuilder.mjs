// Plays the conversation on botbuilder-dialogs: a waterfall of validated text prompts over ConversationState.
//
// The storage is the library's MemoryStorage, which keeps JSON; an adapter of its own collects what is sent.

import {
  ActivityTypes,
  BotAdapter,
  ConversationState,
  MemoryStorage,
  MessageFactory,
  TurnContext,
} from "botbuilder-core";
import { DialogSet, DialogTurnStatus, TextPrompt, WaterfallDialog } from "botbuilder-dialogs";

import * as shop from "./cookie_barrel.mjs";
import { serve } from "./serving.mjs";

const SHOP = Symbol("shop");
const REPLIES = Symbol("replies");

class CollectingAdapter extends BotAdapter {
  async sendActivities(context, activities) {
    const replies = context.turnState.get(REPLIES);
    for (const { type, text, suggestedActions } of activities) {
      if (type === ActivityTypes.Message) {
        replies.push([text, (suggestedActions?.actions ?? []).map(({ title }) => title)]);
      }
    }
    return activities.map(() => ({ id: "" }));
  }

  async receive(context, logic) {
    await this.runMiddleware(context, logic);
  }
}

const adapter = new CollectingAdapter();
const memory = {};
const state = new ConversationState(new MemoryStorage(memory));
const dialogState = state.createProperty("dialogs");
const draftState = state.createProperty("draft");
const dialogs = new DialogSet(dialogState);

const activity = ([text, titles]) =>
  titles.length ? MessageFactory.suggestedActions(titles, text) : MessageFactory.text(text);
const draftOf = (context) => draftState.get(context, { cart: [], name: "", address: "", instructions: "" });

// A prompt that takes what `isValid` allows and answers anything else with `otherwise`.
const prompt = (name, isValid, otherwise) =>
  new TextPrompt(name, async ({ context, recognized }) => {
    if (isValid(recognized.value)) return true;
    await context.sendActivity(activity(otherwise));
    return false;
  });

dialogs.add(
  new TextPrompt("cart", async ({ context, recognized: { value } }) => {
    const draft = await draftOf(context);
    const line = shop.readOrderLine(value);
    if (line) {
      const refused = shop.refusal(draft.cart, ...line);
      if (!refused) draft.cart = shop.withLine(draft.cart, ...line);
      await context.sendActivity(activity(refused ?? shop.itemAdded(...line, draft.cart)));
      return false;
    }
    if (!shop.DONE.has(shop.wordOf(value))) {
      await context.sendActivity(activity(shop.HOW_TO_ORDER));
      return false;
    }
    if (draft.cart.length === 0) await context.sendActivity(activity(shop.CART_IS_EMPTY));
    return draft.cart.length > 0;
  }),
);
dialogs.add(prompt("name", shop.isName, shop.NOT_A_NAME));
dialogs.add(prompt("address", shop.isAddress, shop.NOT_AN_ADDRESS));
dialogs.add(prompt("instructions", shop.isInstructions, shop.TOO_LONG));
dialogs.add(prompt("confirmation", (text) => shop.CONFIRM.has(shop.wordOf(text)), shop.PLEASE_CONFIRM));

dialogs.add(
  new WaterfallDialog("order", [
    async (step) => {
      await step.context.sendActivities([shop.WELCOME, shop.MENU].map(activity));
      return step.prompt("cart", {});
    },
    (step) => step.prompt("name", { prompt: activity(shop.ASK_NAME) }),
    async (step) => {
      const draft = await draftOf(step.context);
      draft.name = step.result.trim();
      return step.prompt("address", { prompt: activity(shop.askAddress(draft.name)) });
    },
    async (step) => {
      (await draftOf(step.context)).address = step.result.trim();
      return step.prompt("instructions", { prompt: activity(shop.ASK_INSTRUCTIONS) });
    },
    async (step) => {
      const draft = await draftOf(step.context);
      draft.instructions = shop.SKIP.has(shop.wordOf(step.result)) ? "" : step.result.trim();
      const { cart, name, address, instructions } = draft;
      return step.prompt("confirmation", {
        prompt: activity(shop.summary(cart, name, address, instructions)),
      });
    },
    async (step) => {
      const { cart, name, address, instructions } = await draftOf(step.context);
      const orders = step.context.turnState.get(SHOP);
      const order = orders.placeOrder(step.context.activity.from.id, cart, name, address, instructions);
      await step.context.sendActivity(activity(shop.orderPlaced(order)));
      await draftState.delete(step.context);
      return step.endDialog();
    },
  ]),
);

async function hear({ customer }, text, orders) {
  const context = new TurnContext(adapter, {
    type: ActivityTypes.Message,
    text,
    channelId: "benchmark",
    conversation: { id: customer },
    from: { id: customer },
    recipient: { id: "cookie_barrel" },
  });
  const replies = [];
  context.turnState.set(SHOP, orders);
  context.turnState.set(REPLIES, replies);
  await adapter.receive(context, async (turn) => {
    const dialog = await dialogs.createContext(turn);
    const result = await dialog.continueDialog();
    if (result.status === DialogTurnStatus.empty) await dialog.beginDialog("order");
    await state.saveChanges(turn);
  });
  return replies;
}

function begin(customer) {
  delete memory[`benchmark/conversations/${customer}/`];
  return { customer };
}

await serve({
  begin,
  hear,
  size: ({ customer }) => Buffer.byteLength(memory[`benchmark/conversations/${customer}/`] ?? ""),
});
