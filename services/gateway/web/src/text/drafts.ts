/** What was begun and not sent, for each conversation, in this browser. */
import { storagePrefix } from "../api/session";

const key = (me: string, conversationId: string) => `${storagePrefix}draft.${me}.${conversationId}`;

export function draftOf(me: string, conversationId: string): string {
  return localStorage.getItem(key(me, conversationId)) ?? "";
}

export function keepDraft(me: string, conversationId: string, text: string): void {
  try {
    if (text.trim()) localStorage.setItem(key(me, conversationId), text);
    else localStorage.removeItem(key(me, conversationId));
  } catch {
    // The storage is full: the draft lives as long as the page.
  }
}
