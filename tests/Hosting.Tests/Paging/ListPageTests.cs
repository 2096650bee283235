using CsCheck;
using ForegSyte.Hosting.Errors;
using ForegSyte.Hosting.Paging;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Tests.Paging;

public sealed class ListPageTests
{
    private const string Method = "ListWords";

    [Fact]
    public void Of_PageAfterPage_IsEveryItemOnceWithAnEmptyTokenOnTheLastPageOnly() =>
        Gen.Select(Gen.Int[0, 40], Gen.Int[1, 12]).Sample((count, size) =>
        {
            string[] items = [.. Enumerable.Range(0, count).Select(item => $"{item:000}")];
            var seen = new List<string>();
            var token = "";
            do
            {
                var page = Page(items, size, token);
                Assert.True(page.Items.Count == size || page.NextPageToken.Length == 0, "A page that is not the last "
                    + $"one has {page.Items.Count} items instead of {size}.");
                seen.AddRange(page.Items);
                token = page.NextPageToken;
            }
            while (token.Length > 0);

            Assert.Equal(items, seen);
        });

    [Theory]
    [InlineData(0, 50)]
    [InlineData(1, 1)]
    [InlineData(1000, 1000)]
    [InlineData(1001, 1000)]
    [InlineData(int.MaxValue, 1000)]
    public void Of_PageSize_IsDefaultOrLimited(int pageSize, int expected) =>
        Assert.Equal(expected, Page(Enumerable.Range(0, 1100).Select(item => $"{item:0000}"), pageSize).Items.Count);

    [Fact]
    public void Of_ExactlyOnePage_HasNoToken() => Assert.Equal("", Page(["a", "b"], 2).NextPageToken);

    [Fact]
    public void Of_LastItemOfThePageIsGone_ContinuesBehindIt()
    {
        var token = Page(["a", "b", "c", "d"], 2).NextPageToken;

        Assert.Equal(["c", "d"], Page(["a", "c", "d"], 2, token).Items);
    }

    [Fact]
    public void Of_NegativePageSize_IsInvalidField()
    {
        var failure = Assert.Throws<ServiceException>(() => Page(["a"], -1));

        Assert.Equal(ErrorReason.InvalidField, failure.Reason);
        Assert.Equal("page_size", Assert.Single(failure.FieldViolations).Field);
    }

    [Fact]
    public void Of_TokenOfAnotherMethod_IsInvalidPageToken()
    {
        var token = PageToken.Make("ListOthers", "a");

        var failure = Assert.Throws<ServiceException>(() => Page(["a", "b"], 1, token));

        Assert.Equal(ErrorReason.InvalidPageToken, failure.Reason);
        Assert.Equal("page_token", Assert.Single(failure.FieldViolations).Field);
    }

    private static (IReadOnlyList<string> Items, string NextPageToken) Page(
        IEnumerable<string> items, int pageSize, string token = "") =>
        ListPage.Of(Method, items, item => item, pageSize, token);
}
