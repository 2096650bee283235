using ForegSyte.Jobs.Storage.PostgreSql;

namespace ForegSyte.Jobs.Tests.Storage.PostgreSql;

public sealed class JobNotificationTests
{
    [Theory]
    [InlineData(1, true)]
    [InlineData(JobNotification.MaxIds, false)]
    public void Parse_TextOfANotification_IsTheNotification(int jobs, bool isPending)
    {
        var origin = Guid.NewGuid();
        var commits = Enumerable.Range(0, jobs)
            .Select(_ => TestJobs.Pending())
            .Select(job => isPending
                ? new JobCommit(job.JobId, null, job)
                : new JobCommit(job.JobId, job, null))
            .ToList();

        var text = JobNotification.Of(origin, commits).ToString();
        var parsed = JobNotification.Parse(text);

        Assert.InRange(text.Length, 1, 7_999);
        Assert.Equal((origin, isPending), (parsed!.Origin, parsed.HasWork));
        Assert.Equal(commits.Select(commit => commit.JobId).Order(), parsed.JobIds!.Order());
    }

    [Fact]
    public void Of_TooManyJobs_NamesNone()
    {
        var commits = Enumerable.Range(0, JobNotification.MaxIds + 1)
            .Select(_ => new JobCommit(Guid.NewGuid(), null, TestJobs.Pending()))
            .ToList();

        var parsed = JobNotification.Parse(JobNotification.Of(Guid.NewGuid(), commits).ToString());

        Assert.NotNull(parsed);
        Assert.Null(parsed.JobIds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("something else of another version")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA-AAAA")]
    public void Parse_OtherText_IsUnknown(string text) => Assert.Null(JobNotification.Parse(text));
}
