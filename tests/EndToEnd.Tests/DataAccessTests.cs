using ForegSyte.Client;
using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>Who can read the data of a service, and who can configure it.</summary>
public sealed class DataAccessTests
{
    private const UnixFileMode Others =
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private const UnixFileMode Group =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Owner", "0700", Others | Group)]
    [InlineData("Group", "0750", Others | UnixFileMode.GroupWrite)]
    public async Task Start_NewAndOldData_IsForTheServicesUserAlone(string access, string folder, UnixFileMode denied)
    {
        await using var services = new Installation(new Dictionary<string, string> { ["Data:Access"] = access });
        var wanted = FileModes.Parse(folder);
        FileModes.Set(services.Data, "755");
        await services.StartJobServiceAsync();
        await using var client = services.Client();
        await client.SubmitFileAsync(
            RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "detect_only" }, cancellationToken: Token);

        Assert.Equal(wanted, FileModes.Of(services.Data));
        Assert.Contains($"its mode is now {folder}, not 0755", services.JobService.Output, StringComparison.Ordinal);
        var entries = Directory.GetFileSystemEntries(services.Data, "*", SearchOption.AllDirectories);
        Assert.Contains(entries, entry => entry.EndsWith(".mp4", StringComparison.Ordinal));
        Assert.Contains(entries, entry => entry.EndsWith(".duckdb", StringComparison.Ordinal));
        Assert.All(
            entries, entry => Assert.Equal((entry, UnixFileMode.None), (entry, FileModes.Of(entry) & denied)));
        Assert.Equal(wanted, FileModes.Of(services.Storage));
    }

    /// <summary>The umask that protects the data would also take access from the socket.</summary>
    [Fact]
    public async Task Start_UnixSocket_HasTheConfiguredModeDespiteTheUmask()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes.");
        using var folder = new TemporaryFolder();
        var settings = new Dictionary<string, string>
        {
            ["DataDirectory"] = folder.File("data"),
            ["Listen:Port"] = "0",
            ["Listen:UnixSocket"] = folder.File("socket"),
            ["Listen:UnixSocketMode"] = "660",
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
        };
        var (service, _) = await ServiceProcess.StartAsync("JobService", settings);
        await using var running = service;

        await Wait.UntilNoneAsync(
            () => File.Exists(folder.File("socket")) ? null : "There is no socket.", "the service listens");
        Assert.Equal(FileModes.Parse("660"), FileModes.Of(folder.File("socket")));
    }

    [Theory]
    [InlineData("JobService")]
    [InlineData("InferenceService")]
    public async Task Start_SettingsInTheWorkingDirectory_AreNotRead(string name)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(
            folder.File("appsettings.json"), """{ "Listen": { "NoSuchSetting": "1" } }""", Token);
        await File.WriteAllTextAsync(
            folder.File("appsettings.Production.json"), """{ "Listen": { "NoSuchSetting": "2" } }""", Token);
        var settings = new Dictionary<string, string>
        {
            ["DataDirectory"] = folder.File("data"),
            ["Listen:Port"] = "0",
            ["Pipelines:Directory"] = Path.Combine(RepositoryFiles.Data, "pipelines"),
            ["Models:CataloguePath"] = Path.Combine(RepositoryFiles.Data, "models", "models.json"),
        };
        if (name == "JobService")
        {
            settings.Remove("Models:CataloguePath");
        }

        var (service, _) = await ServiceProcess.StartAsync(name, settings, "env", "-C", folder.Path);

        await service.DisposeAsync();
    }
}
