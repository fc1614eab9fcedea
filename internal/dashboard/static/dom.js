// Elements are made of text and attributes only: nothing that arrives is ever read as markup.

// el makes an element. Attributes whose value is null or false are left out.
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) node.setAttribute(key, value === true ? '' : value)
  }
  node.append(...children)
  return node
}

export const byId = id => document.getElementById(id)

// text sets an element's text where it has changed, so that nothing is drawn for nothing.
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value
}

// attribute sets or, with null, removes one where it has changed.
export function attribute(node, name, value) {
  if (value === null) node.removeAttribute(name)
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value)
}

// Characters that are not seen, or change the direction of what follows.
const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff0-\uffff]/gu

// visible is text of unknown origin as it can be shown: what can't be seen stands as its code point.
export function visible(value) {
  return String(value ?? '').replace(unseen, c => `\u27e8U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}\u27e9`)
}
