using CsCheck;
using ForegSyte.Hosting.Paging;

namespace ForegSyte.Hosting.Tests.Paging;

public sealed class PageTokenTests
{
    [Fact]
    public void Read_TokenOfMake_IsThePosition() =>
        Gen.Select(Gen.String, Gen.String[Gen.Char.AlphaNumeric, 0, 100]).Sample((arguments, position) =>
            Assert.Equal(position, PageToken.Read(arguments, PageToken.Make(arguments, position))));

    [Fact]
    public void Read_WithOtherArguments_IsNull() =>
        Assert.Null(PageToken.Read("ListJobs status = FAILED", PageToken.Make("ListJobs ", "5")));

    [Fact]
    public void Read_AnyOtherText_IsNull() => Gen.String.Sample(text => Assert.Null(PageToken.Read("ListJobs ", text)));

    [Fact]
    public void Read_TooLong_IsNull() =>
        Assert.Null(PageToken.Read("", PageToken.Make("", new string('x', PageToken.MaxLength))));

    [Fact]
    public void Make_AnyPosition_IsSafeInUrls() =>
        Assert.Matches("^[A-Za-z0-9_-]+$", PageToken.Make("a", "\u00ff?/+ ~"));
}
