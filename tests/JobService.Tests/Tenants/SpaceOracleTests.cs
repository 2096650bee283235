using ForegSyte.Jobs.Submission;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Tenants;

/// <summary>A tenant that watches the free space while it stores a video that another one may have too.</summary>
public sealed class SpaceOracleTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("inline")]
    [InlineData("upload")]
    public async Task Room_WhileAVideoIsStored_DoesNotTellWhetherAnotherTenantHasIt(string way)
    {
        Assert.Equal(await RoomsAsync(way, othersHaveIt: false), await RoomsAsync(way, othersHaveIt: true));
    }

    [Fact]
    public async Task Room_AfterTheDeletionOfAJobWhoseVideoAnAdminSubmittedAgain_IsThatOfAnyDeletion()
    {
        using var folder = new TemporaryFolder();
        await using var harness = new SpaceHarness(folder, new InMemoryJobStore(), Time());
        var job = await harness.SubmitAsync("a", SpaceHarness.VideoOf(1));
        await harness.SubmitAsync("admin", new VideoReference.StoredJob(job.JobId, VisibleTenant: null));
        var room = harness.Room();

        await harness.DeleteAsync(job.JobId);

        Assert.Equal(room + SpaceHarness.VideoOf(1).Length, harness.Room());
    }

    [Fact]
    public async Task Room_WhileATenantSubmitsItsVideoAgainAndAgain_StaysForOthers()
    {
        using var folder = new TemporaryFolder();
        await using var harness = new SpaceHarness(folder, new InMemoryJobStore(), Time());
        var job = await harness.SubmitAsync("a", SpaceHarness.VideoOf(1));
        var room = harness.Room();

        for (var number = 0; number < 40; number++)
        {
            await harness.SubmitAsync("a", new VideoReference.StoredJob(job.JobId, "a"));
        }

        Assert.Equal(room, harness.Room());
        harness.Uploads.Create(room - 1, null, null, "b");
    }

    [Fact]
    public async Task Use_OfATenant_DoesNotTellWhetherAnotherTenantHasItsVideo()
    {
        using var folder = new TemporaryFolder();
        await using var harness = new SpaceHarness(folder, new InMemoryJobStore(), Time());
        await harness.SubmitAsync("other", SpaceHarness.VideoOf(1));

        await harness.SubmitAsync("a", SpaceHarness.VideoOf(1));
        await harness.SubmitAsync("a", SpaceHarness.VideoOf(1));

        Assert.Equal(2 * SpaceHarness.VideoOf(1).Length, harness.Space.UseOf("a").VideoBytes);
    }

    /// <summary>The room that a caller sees before, during and after a submission and a deletion.</summary>
    private static async Task<IReadOnlyList<(string Step, long Room)>> RoomsAsync(
        string way, bool othersHaveIt)
    {
        using var folder = new TemporaryFolder();
        var rooms = new List<(string, long)>();
        SpaceHarness? watched = null;
        await using var harness = new SpaceHarness(
            folder, new InMemoryJobStore(), Time(), onStep: step => Watch(step[..step.LastIndexOf(' ')]));
        var video = SpaceHarness.VideoOf(1);

        // A video of the same size, so that only the bytes differ.
        var others = video.ToArray();
        others[^1] ^= (byte)(othersHaveIt ? 0 : 1);
        await harness.SubmitAsync("other", others);
        watched = harness;
        Watch("begin");

        var job = await (way == "inline" ? harness.SubmitAsync("a", video) : UploadAsync());

        Watch("stored");
        await harness.DeleteAsync(job.JobId);
        Watch("deleted");
        Assert.InRange(rooms.Count, 5, 20);
        return rooms;

        void Watch(string step)
        {
            if (watched is not null)
            {
                rooms.Add((step, watched.Room()));
            }
        }

        async Task<JobRecord> UploadAsync()
        {
            var upload = harness.Uploads.Create(video.Length, null, null, "a");
            await harness.WriteAsync(upload, 0, video);
            Watch("uploaded");
            return await harness.SubmitAsync("a", new VideoReference.Upload(upload.Record.UploadId, "a"));
        }
    }

    private static FakeTimeProvider Time() => new(TestJobs.Noon);
}
