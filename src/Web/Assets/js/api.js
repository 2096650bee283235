// The JSON API of the service (/openapi.json), as every other client calls it.

const csrfToken = document.querySelector('meta[name=csrf-token]')?.content ?? '';

/** An error of the API, with a message for people. */
export class ApiError extends Error {
    constructor(status, message, reason = '', details = [], retryAfter = null) {
        super(message);
        this.name = 'ApiError';
        this.status = status;
        this.reason = reason;
        this.details = details;
        this.retryAfter = retryAfter;
    }

    /** Whether the same request can succeed later. */
    get isTemporary() {
        return this.status === 0 || this.status === 429 || this.status >= 500;
    }
}

/**
 * Calls the API and returns the JSON of the response.
 * @param {string} path For example '/v1/jobs'.
 * @param {{method?: string, query?: object, body?: object | Blob, signal?: AbortSignal}} options
 *   query: fields; lists become repeated fields, null and '' are left out. body: JSON, or a Blob for raw bytes.
 */
export async function call(path, { method = 'GET', query, body, signal } = {}) {
    const headers = {};
    if (method !== 'GET' && method !== 'HEAD') {
        headers['x-csrf-token'] = csrfToken;
    }

    let content;
    if (body instanceof Blob) {
        headers['Content-Type'] = 'application/octet-stream';
        content = body;
    } else if (body !== undefined) {
        headers['Content-Type'] = 'application/json';
        content = JSON.stringify(body);
    }

    let response;
    try {
        response = await fetch(path + queryOf(query), { method, headers, body: content, signal });
    } catch (failure) {
        if (failure.name === 'AbortError') {
            throw failure;
        }

        throw new ApiError(0, method === 'GET'
            ? 'The server cannot be reached.'
            : 'The server did not answer, so it is not known whether the change was made. '
                + 'Reload the page when it answers.');
    }

    if (response.ok) {
        return response.json();
    }

    const error = await errorOf(response);
    if (response.status === 401) {
        signIn();
    }

    throw error;
}

/** What a page that asks regularly says when it gets no answer. */
export const pollProblem = failure =>
    failure.status === 0 ? `${failure.message} The page tries again.` : failure.message;

/** Shows the sign-in page, which leads back to this one. */
export function signIn() {
    location.assign(`/web/sign-in?ended=1&return=${encodeURIComponent(location.pathname + location.search)}`);
}

/** Reads all pages of a list, or those up to a number of items. */
export async function listAll(path, field, { query = {}, limit = Infinity, signal } = {}) {
    const items = [];
    let token = '';
    do {
        const page = await call(path, { query: { ...query, page_token: token }, signal });
        items.push(...page[field]);
        token = page.next_page_token;
    } while (token && items.length < limit);
    return items;
}

/** A text in quotes for a filter of AIP-160. */
export function quoted(text) {
    return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function queryOf(fields) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(fields ?? {})) {
        for (const item of Array.isArray(value) ? value : [value]) {
            if (item !== null && item !== undefined && item !== '') {
                query.append(name, item);
            }
        }
    }

    const text = query.toString();
    return text && `?${text}`;
}

async function errorOf(response) {
    const retryAfter = Number(response.headers.get('Retry-After')) || null;
    try {
        const { error } = await response.json();
        const info = error.details?.find(detail => detail.reason);
        return new ApiError(response.status, error.message, info?.reason, error.details, retryAfter);
    } catch {
        return new ApiError(
            response.status, `The server answered with status ${response.status}. Try again, or ask its operator.`);
    }
}
