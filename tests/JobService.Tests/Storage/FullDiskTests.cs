using CliWrap;
using CliWrap.Buffered;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Storage;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>The store on a full disk: a small tmpfs.</summary>
public sealed class FullDiskTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private bool _isMounted;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Disk => _folder.File("disk");

    public async ValueTask DisposeAsync()
    {
        if (_isMounted)
        {
            await Cli.Wrap("umount").WithArguments(["-l", Disk]).ExecuteBufferedAsync();
        }

        _folder.Dispose();
    }

    /// <summary>With a log of 1 MiB the automatic checkpoint fails too, which is a fatal error of DuckDB.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public async Task Changes_DiskIsFull_AreRefusedAndGoOnWhenThereIsSpace(int walAutocheckpointMib)
    {
        await MountAsync(megabytes: 24);
        var kept = new List<JobRecord>();
        var path = Path.Combine(Disk, "jobs.duckdb");
        await using (var database = new DatabaseFixture(
            path, options => options.WalAutocheckpointMib = walAutocheckpointMib))
        {
            var store = database.Store;
            kept.Add((await store.InsertAsync(TestJobs.Full(), Cancellation)).Job);
            Fill(leaveBytes: 3 << 20);
            var refusal = await FillDatabaseAsync(store, kept);
            Assert.Equal(ErrorReason.StorageFull, refusal.Reason);
            await AssertHasAsync(store, kept);

            File.Delete(Path.Combine(Disk, "filler"));
            kept.Add((await store.InsertAsync(TestJobs.Full(), Cancellation)).Job);
            kept[0] = (await store.UpdateAsync(kept[0].JobId, job => job with { FramesDone = 5 }, Cancellation))!;
            await AssertHasAsync(store, kept);
        }

        await using var reopened = new DatabaseFixture(path);
        await AssertHasAsync(reopened.Store, kept);
    }

    [Fact]
    public async Task Checkpoint_DiskIsFull_TheDatabaseIsOpenedAgainAndNothingIsLost()
    {
        await MountAsync(megabytes: 24);
        await using var database = new DatabaseFixture(
            Path.Combine(Disk, "jobs.duckdb"), options => options.IdleCheckpointDelay = TimeSpan.FromHours(1));
        var kept = new List<JobRecord>();
        for (var i = 0; i < 20; i++)
        {
            kept.Add((await database.Store.InsertAsync(TestJobs.Full(), Cancellation)).Job);
        }

        // The checkpoint of an idle writer, at a time that the test controls.
        Fill(leaveBytes: 0);
        var refusal = await Assert.ThrowsAsync<ServiceException>(() => database.Writer.ExecuteAsync(
            connection =>
            {
                connection.Execute("COMMIT");
                connection.Execute("CHECKPOINT");
                return 0;
            },
            Cancellation));
        Assert.Equal(ErrorReason.StorageFull, refusal.Reason);
        File.Delete(Path.Combine(Disk, "filler"));

        kept.Add((await database.Store.InsertAsync(TestJobs.Full(), Cancellation)).Job);
        await AssertHasAsync(database.Store, kept);
    }

    private static async Task<ServiceException> FillDatabaseAsync(IJobStore store, List<JobRecord> kept)
    {
        // A full job takes 100 KB in the log, so a few hundred exceed the disk.
        for (var i = 0; i < 400; i++)
        {
            try
            {
                kept.Add((await store.InsertAsync(TestJobs.Full(), Cancellation)).Job);
            }
            catch (ServiceException refusal)
            {
                return refusal;
            }
        }

        throw new InvalidOperationException("The disk is not full after 400 jobs of 100 KB.");
    }

    private static async Task AssertHasAsync(IJobStore store, List<JobRecord> kept)
    {
        var found = await store.ListAsync(new JobQuery(null, null, 1_000), Cancellation);
        Assert.Equal(kept.Select(job => job.JobId).Order(), found.Select(job => job.JobId).Order());
        foreach (var job in kept)
        {
            Assert.Equal(TestJobs.Text(job), TestJobs.Text(await store.FindAsync(job.JobId, Cancellation)));
        }
    }

    private async Task MountAsync(int megabytes)
    {
        Directory.CreateDirectory(Disk);
        var mount = await Cli.Wrap("mount")
            .WithArguments(["-t", "tmpfs", "-o", FormattableString.Invariant($"size={megabytes}m"), "tmpfs", Disk])
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(Cancellation);
        Assert.SkipUnless(mount.ExitCode == 0, "tmpfs cannot be mounted here: " + mount.StandardError.Trim());
        _isMounted = true;
    }

    private void Fill(long leaveBytes)
    {
        var free = new DriveInfo(Disk).AvailableFreeSpace - leaveBytes;
        using var filler = File.Create(Path.Combine(Disk, "filler"));
        filler.Write(new byte[free]);
    }
}
