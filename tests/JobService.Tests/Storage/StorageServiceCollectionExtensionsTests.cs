using ForegSyte.Jobs.Faults;
using ForegSyte.Jobs.Storage;
using ForegSyte.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class StorageServiceCollectionExtensionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AddStorage_DataDirectoryAlone_KeepsEverythingUnderIt()
    {
        await using (var services = Make(("DataDirectory", _folder.File("data"))))
        {
            var job = TestJobs.Pending();
            var store = services.GetRequiredService<IJobStore>();
            await store.InsertAsync(job, TestContext.Current.CancellationToken);
            Assert.NotNull(await store.FindAsync(job.JobId, TestContext.Current.CancellationToken));
            await using var staged = await services.GetRequiredService<IStorage>().StageAsync(
                "a.mp4", TestContext.Current.CancellationToken);
            await staged.CommitAsync(TestContext.Current.CancellationToken);
        }

        // Disposal writes a checkpoint, so there is no log.
        Assert.Equal(
            [_folder.File("data", "foregsyte.duckdb"), _folder.File("data", "video_jobs", "a.mp4")],
            Directory.GetFiles(_folder.File("data"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Database:Threads", "0")]
    [InlineData("Database:MemoryLimitMib", "1")]
    [InlineData("Database:WalAutocheckpointMib", "0")]
    [InlineData("Database:ReadConnections", "65")]
    [InlineData("Database:WriteQueueCapacity", "0")]
    [InlineData("Database:MaxCommitChanges", "0")]
    [InlineData("Database:CachedJobs", "0")]
    [InlineData("Database:IdleCheckpointDelay", "00:00:00")]
    [InlineData("Storage:MinFreeBytes", "-1")]
    [InlineData("Database:Path", "relative.duckdb")]
    [InlineData("Storage:Root", "relative")]
    [InlineData("Database:Pfad", "/tmp")]
    public void AddStorage_OptionOutOfRange_IsRefused(string key, string value)
    {
        using var services = Make(("DataDirectory", _folder.Path), (key, value));

        var failure = Assert.Throws<OptionsValidationException>(() =>
            _ =
                (
                    services.GetRequiredService<IOptions<DatabaseOptions>>().Value,
                    services.GetRequiredService<IOptions<StorageOptions>>().Value));

        Assert.Contains(key.Split(':')[1], failure.Message, StringComparison.Ordinal);
    }

    private static ServiceProvider Make(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value))
            .Build();
        return new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IConfiguration>(configuration)
            .AddSingleton(CrashPoints.None)
            .AddStorage(configuration)
            .BuildServiceProvider();
    }
}
