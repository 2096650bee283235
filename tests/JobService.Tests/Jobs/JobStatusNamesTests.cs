using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class JobStatusNamesTests
{
    [Fact]
    public void All_Names_AreThoseOfTheContract()
    {
        Assert.Equal(["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"], JobStatusNames.All);
        Assert.Equal("COMPLETED", JobStatusNames.Of(JobStatus.Completed));
    }

    [Theory]
    [InlineData(JobStatus.Unspecified)]
    [InlineData((JobStatus)77)]
    public void Of_NoStatusOfAJob_IsRefused(JobStatus status) => Assert.StartsWith(
        "A job cannot have this status.",
        Assert.Throws<ArgumentOutOfRangeException>(() => JobStatusNames.Of(status)).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("FAILED", JobStatus.Failed)]
    [InlineData("failed", JobStatus.Failed)]
    [InlineData("job_status_Failed", JobStatus.Failed)]
    [InlineData("UNSPECIFIED", null)]
    [InlineData("JOB_STATUS_", null)]
    [InlineData("", null)]
    public void TryParse_Name_IsTheStatus(string text, JobStatus? expected)
    {
        Assert.Equal(expected is not null, JobStatusNames.TryParse(text, out var status));
        Assert.Equal(expected, status);
    }
}
