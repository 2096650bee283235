using System.Text.Json;
using ForegSyte.Jobs.Tests.Storage;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class JobTagsTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("camera-2_x", true)]
    [InlineData("", false)]
    [InlineData("Camera", false)]
    [InlineData("2camera", false)]
    [InlineData("-a", false)]
    [InlineData("a.b", false)]
    [InlineData("é", false)]
    [InlineData("a\n", false)]
    public void IsKey_Text_KnowsTheForm(string text, bool expected) =>
        Assert.True(JobTags.IsKey(text) == expected, $"IsKey(\"{text}\") is {!expected}.");

    [Fact]
    public void IsKey_AtAndOverTheLimit()
    {
        Assert.True(JobTags.IsKey(new string('a', JobTags.MaxKeyLength)), "The longest key is refused.");
        Assert.False(JobTags.IsKey(new string('a', JobTags.MaxKeyLength + 1)), "A longer key is accepted.");
    }

    [Fact]
    public void Equality_OtherOrder_IsTheSame()
    {
        var tags = new JobTags([new("b", "1"), new("a", "2")]);

        Assert.Equal(tags, new JobTags([new("a", "2"), new("b", "1")]));
        Assert.NotEqual(tags, new JobTags([new("a", "2"), new("b", "2")]));
        Assert.NotEqual(tags, new JobTags([new("a", "2")]));
        Assert.Equal(tags, JobTags.FromJson(tags.ToJson()));
        Assert.Null(JobTags.Empty.ToJson());
        Assert.Equal(JobTags.Empty, JobTags.FromJson(null));
    }

    [Fact]
    public void Etag_OtherOrderOfTags_IsTheSame()
    {
        var job = TestJobs.Pending();
        string Etag(params KeyValuePair<string, string>[] tags) =>
            JobMessage.From(job with { Tags = new JobTags(tags) }).Etag;

        Assert.Equal(Etag(new("b", "1"), new("a", "2")), Etag(new("a", "2"), new("b", "1")));
        Assert.NotEqual(Etag(new KeyValuePair<string, string>("a", "2")), Etag());
    }

    [Fact]
    public void Fingerprint_OfAVersionWithoutTags_MatchesARequestWithoutTags()
    {
        const string Stored = """
            {"Source":"sha256:ab","PipelineId":"p","FrameStride":1,"MaxFrames":0,"DisplayName":"","Priority":4,
             "UploadId":null}
            """;
        var earlier = JsonSerializer.Deserialize<RequestFingerprint>(Stored)!;
        var request = new RequestFingerprint("sha256:ab", "p", 1, 0, "");

        Assert.Empty(request.DifferencesFrom(earlier));
        Assert.Equal(
            ["tags"], (request with { Tags = new JobTags([new("a", "1")]).ToJson() }).DifferencesFrom(earlier));
    }
}
