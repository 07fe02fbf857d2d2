/** What is told of a new message to people who do not look, or cannot see. */
import { plain } from "../text/markdown";
import { t } from "../text/i18n.svelte";
import type { Messenger } from "./messenger.svelte";
import type { Message } from "./model";
import { nameOf, titleOf } from "./select";

const SHOWN_MAX = 140;

interface Page {
  announcement: string;
  show(id: string): void;
}

/** Tells screen readers of a message in the conversation that is open. */
export function announce(page: Page, messenger: Messenger, message: Message): void {
  if (message.conversationId !== messenger.openId) return;
  page.announcement = t("log.announce", { name: nameOf(messenger.state, message.senderId), text: plain(message.text).slice(0, SHOWN_MAX) });
}

/** Whether notifications can be asked for here: not on plain http, for the browser forbids it. */
export const canAsk = (): boolean => "Notification" in window && isSecureContext && Notification.permission === "default";

/** One notification for each conversation, if nobody looks at the page and the person may be disturbed. */
export function notify(page: Page, messenger: Messenger, message: Message): void {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  if (document.visibilityState === "visible" && document.hasFocus()) return;
  const { state } = messenger;
  if (state.presences[state.me]?.state === "DO_NOT_DISTURB") return;
  const conversation = state.conversations[message.conversationId];
  if (!conversation || message.seq <= conversation.readSeq) return;
  const name = nameOf(state, message.senderId);
  const title = conversation.kind === "GROUP" ? t("notify.group", { name, title: titleOf(state, conversation) }) : name;
  try {
    const shown = new Notification(title, { body: plain(message.text).slice(0, SHOWN_MAX), tag: message.conversationId });
    shown.onclick = () => {
      focus();
      page.show(message.conversationId);
      shown.close();
    };
    const close = () => shown.close();
    addEventListener("focus", close, { once: true });
  } catch {
    // Some mobile browsers have the permission but allow notifications from service workers only.
  }
}
