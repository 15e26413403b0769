// Posts the page's one form; without JavaScript its button does the same.
document.querySelector("form[data-submit]").submit();
