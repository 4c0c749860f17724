// Is the shop of the JavaScript peers: the catalog, the texts, what a message may mean, and the orders, in memory.
// It is cookie_barrel.py in JavaScript, line for line. Amounts are whole paisa; a reply is [text, button titles].

import { readFileSync } from "node:fs";

const SCRIPT = JSON.parse(readFileSync(new URL("./conversation.json", import.meta.url), "utf8"));
const ORDER_LINE = /^(\d+)\s*(?:,|x|\s)\s*(\d+)$/i;

export const SAYS = SCRIPT.says;
export const MOST_OF_ONE = SCRIPT.most_of_one;
export const PRODUCTS = new Map(SCRIPT.products.map((product) => [product.number, product]));
export const DONE = new Set(["done", "checkout"]);
export const SKIP = new Set(["skip", "none", "no", "nothing", "no thanks"]);
export const CONFIRM = new Set(["confirm", "yes", "ok"]);

// Where orders go, numbered as they come.
export class Shop {
  orders = new Map();

  // Prices the cart again, numbers the order and keeps it.
  placeOrder(customer, cart, name, address, instructions) {
    const lines = cart.map(([number, quantity]) => [number, quantity, PRODUCTS.get(number).price]);
    const number = `WA${SCRIPT.order_day}${String(this.orders.size + 1).padStart(6, "0")}`;
    const order = { number, total: totalOf(lines), lines, name, address, instructions };
    this.orders.set(number, [customer, order]);
    return order;
  }
}

// A message as commands are compared: without case and outer spaces.
export function wordOf(text) {
  return text.trim().toLowerCase();
}

// The product's number and the quantity, where the message is one, else null.
export function readOrderLine(text) {
  const read = ORDER_LINE.exec(text.trim());
  return read && [Number(read[1]), Number(read[2])];
}

// Why so many of this product cannot be had, or null where they can.
export function refusal(cart, number, quantity) {
  if (!PRODUCTS.has(number)) return ["❌ Invalid item number", ["Menu"]];
  if (quantity < 1) return ["❌ Quantity must be at least 1", []];
  const had = cart.reduce((sum, line) => (line[0] === number ? sum + line[1] : sum), 0);
  if (had + quantity > MOST_OF_ONE) return [`❌ Maximum quantity is ${MOST_OF_ONE}`, []];
  return null;
}

// The cart with so many more of the product.
export function withLine(cart, number, quantity) {
  if (!cart.some((line) => line[0] === number))
    return [...cart, [number, quantity, PRODUCTS.get(number).price]];
  return cart.map((line) => (line[0] === number ? [number, line[1] + quantity, line[2]] : line));
}

export function isName(text) {
  const { length } = text.trim();
  return length >= 2 && length <= 60;
}

export function isAddress(text) {
  const { length } = text.trim();
  return length >= 10 && length <= 300;
}

export function isInstructions(text) {
  return text.trim().length <= 400;
}

export function totalOf(cart) {
  return cart.reduce((sum, [, quantity, price]) => sum + quantity * price, 0);
}

// An amount as customers read it: ₹50, ₹549.50.
export function money(amount) {
  const whole = String(Math.floor(amount / 100)).replace(/\B(?=(\d{3})+$)/g, ",");
  const rest = amount % 100;
  return rest ? `₹${whole}.${String(rest).padStart(2, "0")}` : `₹${whole}`;
}

const MENU_LINES = [...PRODUCTS.values()].map(
  ({ number, name, price }) => `${number}. ${name} - ${money(price)}`,
);

export const WELCOME = [`👋 Welcome to ${SCRIPT.business}!`, ["اردو"]];
export const MENU = [
  `🍪 Our Menu\n${MENU_LINES.join("\n")}\n\nTo order, send the number and how many: *1, 2* is 2 pieces of number 1.`,
  ["View cart", "Checkout", "Help"],
];
export const HOW_TO_ORDER = [
  "To order, send the item number, a comma and the quantity.\nExample: *1, 2* is 2 pieces of number 1.",
  ["Menu", "Help"],
];
export const CART_IS_EMPTY = [
  "🛒 Your cart is empty. Send a number from the menu and how many, like *1, 2*",
  ["Menu"],
];
export const ASK_NAME = ["👤 What name is the order for?", []];
export const NOT_A_NAME = ["❌ Enter valid name (at least 2 characters)", []];
export const NOT_AN_ADDRESS = ["❌ Complete delivery address (10+ characters)", []];
export const ASK_INSTRUCTIONS = ["📝 Any special instructions? Write them, or send *skip*.", ["Skip"]];
export const TOO_LONG = ["❌ Please keep the instructions under 400 characters.", []];
export const PLEASE_CONFIRM = [
  "Please send *confirm* to place the order, or *cancel* to drop it.",
  ["Confirm", "Cancel"],
];

export function itemAdded(number, quantity, cart) {
  const text = `✅ Added ${quantity}x ${PRODUCTS.get(number).name}\nCart Total: ${money(totalOf(cart))}`;
  return [text, ["View cart", "Checkout", "Menu"]];
}

export function askAddress(name) {
  return [`🏠 Where shall we bring it, ${name}? Please send the complete delivery address.`, []];
}

export function summary(cart, name, address, instructions) {
  const lines = cart.map(
    ([number, quantity, price]) => `• ${quantity}x ${PRODUCTS.get(number).name} - ${money(quantity * price)}`,
  );
  const text =
    `📋 Order Summary\n👤 Name: ${name}\n🏠 Address: ${address}\n📝 Instructions: ${instructions || "none"}\n\n` +
    `${lines.join("\n")}\nTotal: ${money(totalOf(cart))}\n\n` +
    "Send *confirm* to place the order, or *cancel* to drop it.";
  return [text, ["Confirm", "Cancel"]];
}

export function orderPlaced(order) {
  return [`✅ Order Confirmed!\nOrder #: ${order.number}\nTotal: ${money(order.total)}`, []];
}
