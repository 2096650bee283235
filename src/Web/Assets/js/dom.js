// Small building blocks of the pages. Every text of the API goes through textContent, never through HTML.

/**
 * Creates an element.
 * @param {string} tag
 * @param {object} properties Properties of the element; class, data, list and attributes of ARIA go to attributes.
 * @param {...(Node | string | null)} children Strings become text.
 */
export function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
        if (value === null || value === undefined || value === false) {
            continue;
        }

        if (name === 'class') {
            made.className = value;
        } else if (name === 'data') {
            Object.assign(made.dataset, value);
        } else if (name === 'list' || name.startsWith('aria-') || !(name in made)) {
            made.setAttribute(name, value === true ? '' : value);
        } else {
            made[name] = value;
        }
    }

    made.append(...children.filter(child => child !== null && child !== undefined));
    return made;
}

/** The element with an id. */
export const byId = id => document.getElementById(id);

/** Shows a message for some seconds and tells it to screen readers. */
export function toast(text, { isBad = false } = {}) {
    const shown = element('div', { class: isBad ? 'bad' : '' }, text);
    byId('toasts').append(shown);
    setTimeout(() => shown.remove(), isBad ? 10_000 : 4_000);
}

const laterKey = 'foregsyte-toast';

/** Shows a message on the next page. */
export function toastLater(text) {
    try {
        sessionStorage.setItem(laterKey, text);
    } catch {
        // Without storage nothing is said.
    }
}

/** Shows the message of the page before. */
export function showLateToast() {
    const text = sessionStorage.getItem(laterKey);
    if (text) {
        sessionStorage.removeItem(laterKey);
        toast(text);
    }
}

/** Asks a question; true if the viewer confirms it. */
export function confirmed(title, text, action, { isDanger = false } = {}) {
    return new Promise(resolve => {
        const dialog = element(
            'dialog', { 'aria-labelledby': 'question' },
            element(
                'form', { method: 'dialog' },
                element('h2', { id: 'question' }, title),
                element('p', {}, text),
                element(
                    'div', { class: 'buttons' },
                    element('button', { value: 'no', autofocus: true }, 'Back'),
                    element('button', { value: 'yes', class: isDanger ? 'danger' : 'primary' }, action))));
        dialog.addEventListener('close', () => {
            dialog.remove();
            resolve(dialog.returnValue === 'yes');
        });
        document.body.append(dialog);
        dialog.showModal();
    });
}

/** Calls a function now and then regularly while the page is visible; it waits for the end of each call. */
export function poll(milliseconds, action) {
    let timer = 0;
    let isRunning = false;
    const run = async () => {
        clearTimeout(timer);
        if (document.hidden || isRunning) {
            return;
        }

        isRunning = true;
        try {
            await action();
        } finally {
            isRunning = false;
            timer = setTimeout(run, milliseconds);
        }
    };
    document.addEventListener('visibilitychange', run);

    // A page that is being left asks nothing more: after a sign-out the answer would be a refusal. If the viewer stays
    // after all, it goes on.
    addEventListener('beforeunload', () => {
        clearTimeout(timer);
        timer = setTimeout(run, Math.max(milliseconds, 5_000));
    });
    run();
    return run;
}
