using ForegSyte.Hosting.Errors;

namespace ForegSyte.Hosting.Paging;

/// <summary>Pages of a list in memory that is ordered by a key (AIP-158).</summary>
/// <remarks>
/// A token holds the last key of its page. Items that are added or removed between two calls neither repeat an item nor
/// skip one that stays.
/// </remarks>
public static class ListPage
{
    /// <summary>Number of items of a page if page_size is 0.</summary>
    public const int DefaultSize = 50;

    /// <summary>Maximum number of items of a page; a larger page_size means this.</summary>
    public const int MaxSize = 1000;

    /// <summary>Reads one page.</summary>
    /// <param name="method">Name of the method, which the token is bound to.</param>
    /// <param name="items">All items, in ascending ordinal order of distinct keys.</param>
    /// <param name="keyOf">The key of an item.</param>
    /// <param name="pageSize">page_size of the request.</param>
    /// <param name="pageToken">page_token of the request.</param>
    /// <param name="defaultSize">Number of items of a page if page_size is 0.</param>
    /// <returns>The items of the page and the token of the next page, which is empty on the last page only.</returns>
    /// <exception cref="ServiceException">INVALID_FIELD (negative page_size), INVALID_PAGE_TOKEN.</exception>
    public static (IReadOnlyList<T> Items, string NextPageToken) Of<T>(
        string method, IEnumerable<T> items, Func<T, string> keyOf, int pageSize, string pageToken,
        int defaultSize = DefaultSize)
    {
        if (pageSize < 0)
        {
            throw ServiceException.InvalidField(
                "page_size", $"page_size must be 0 (the default, {defaultSize}) or more.", pageSize);
        }

        var size = pageSize == 0 ? defaultSize : Math.Min(pageSize, MaxSize);
        var last = pageToken.Length == 0 ? null : PageToken.Read(method, pageToken) ?? throw PageToken.Invalid();

        // One item more than requested shows whether there is another page.
        var rest = items.Where(item => last is null || string.CompareOrdinal(keyOf(item), last) > 0)
            .Take(size + 1)
            .ToList();
        return rest.Count > size
            ? (rest[..size], PageToken.Make(method, keyOf(rest[size - 1])))
            : (rest, "");
    }
}
