// Binds behaviours: an element names them in data-behaviour, each is a module of that name here.

const NAME = /^[a-z-]+$/;

export async function bind(root) {
  for (const element of root.querySelectorAll("[data-behaviour]")) {
    // In the order in which they are named: submit-once comes after what may stop a submission.
    for (const name of element.dataset.behaviour.split(/\s+/)) {
      if (!NAME.test(name)) continue;
      const { default: behave } = await import(`./${name}.js`);
      behave(element);
    }
  }
}

bind(document);
