using ForegSyte.Hosting.Http;

namespace ForegSyte.Hosting.Tests.Http;

public sealed class PathTemplateTests
{
    [Theory]
    [InlineData("/v1/jobs", "/v1/jobs", "")]
    [InlineData("/v1/jobs/{job_id}", "/v1/jobs/a", "job_id=a")]
    [InlineData("/v1/jobs/{job_id}:cancel", "/v1/jobs/a:cancel", "job_id=a")]
    [InlineData("/v1/jobs/{job.job_id}", "/v1/jobs/a", "job.job_id=a")]
    [InlineData("/v1/jobs:submit", "/v1/jobs:submit", "")]
    [InlineData("/v1/uploads/{upload_id}/parts/{offset}", "/v1/uploads/a/parts/7", "upload_id=a,offset=7")]
    public void Match_PathOfTheTemplate_HasItsValues(string template, string path, string expected)
    {
        var values = PathTemplate.Parse(template).Match(path);

        Assert.Equal(expected, string.Join(',', Assert.IsType<Dictionary<string, string>>(values)
            .Select(pair => $"{pair.Key}={pair.Value}")));
    }

    [Theory]
    [InlineData("/v1/jobs", "/v1/jobs/")]
    [InlineData("/v1/jobs", "/v1/Jobs")]
    [InlineData("/v1/jobs", "/v1/jobs:submit")]
    [InlineData("/v1/jobs/{job_id}", "/v1/jobs/")]
    [InlineData("/v1/jobs/{job_id}", "/v1/jobs/a/b")]
    [InlineData("/v1/jobs/{job_id}", "/v1/jobs/a:cancel")]
    [InlineData("/v1/jobs/{job_id}", "/v1/jobs/:a")]
    [InlineData("/v1/jobs/{job_id}:cancel", "/v1/jobs/a:cancel:cancel")]
    [InlineData("/v1/jobs/{job_id}:cancel", "/v1/jobs/a")]
    [InlineData("/v1/jobs/{job_id}:cancel", "/v1/jobs/:cancel")]
    [InlineData("/v1/jobs/{job_id}/results", "/v1/jobs//results")]
    [InlineData("/v1/jobs", "")]
    public void Match_OtherPath_IsNone(string template, string path) =>
        Assert.Null(PathTemplate.Parse(template).Match(path));

    [Theory]
    [InlineData("v1/jobs")]
    [InlineData("/v1/{name=jobs/*}")]
    [InlineData("/v1/**")]
    public void Parse_MoreThanIsServed_Throws(string template) =>
        Assert.Throws<ArgumentException>(() => PathTemplate.Parse(template));
}
