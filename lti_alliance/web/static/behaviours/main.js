// Binds behaviours: an element names them in data-behaviour, each is a module of that name here.

const NAME = /^[a-z-]+$/;

export async function bind(root) {
  const elements = [...root.querySelectorAll("[data-behaviour]")];
  const names = new Set(elements.flatMap(namesOf));
  const modules = new Map();
  // A module that does not arrive takes its own behaviour away and no other.
  await Promise.allSettled(
    [...names].map(async (name) => modules.set(name, await import(`./${name}.js`))),
  );
  for (const element of elements) {
    // In the order in which they are named: submit-once comes after what may stop a submission.
    for (const name of namesOf(element)) modules.get(name)?.default(element);
  }
}

function namesOf(element) {
  return element.dataset.behaviour.split(/\s+/).filter((name) => NAME.test(name));
}

bind(document);
