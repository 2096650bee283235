// Dark or light: as the system says, unless the viewer chose. A classic script, so that it runs before the first paint.
(() => {
    const root = document.documentElement;
    const key = 'foregsyte-theme';
    const read = () => {
        try {
            return localStorage.getItem(key);
        } catch {
            return null;
        }
    };
    const chosen = read();
    if (chosen === 'dark' || chosen === 'light') {
        root.dataset.theme = chosen;
    }

    // On the document, so that a click counts while the page is still arriving.
    document.addEventListener('click', event => {
        if (event.target.closest?.('#theme')) {
            const shown = root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
            root.dataset.theme = shown === 'dark' ? 'light' : 'dark';
            try {
                localStorage.setItem(key, root.dataset.theme);
            } catch {
                // The choice then lasts until the next page.
            }
        }
    });
})();
