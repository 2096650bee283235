using ForegSyte.Client.Tests.Fakes;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Client.Tests.Sdk;

/// <summary>Names of files that are not allowed as display names.</summary>
public sealed class FileDisplayNameTests
{
    [Theory]
    [InlineData("gate 7.mp4", "gate 7.mp4")]
    [InlineData("gate\t7\n\r\u0001north.mp4", "gate 7 north.mp4")]
    [InlineData("\nlobby.mp4\n", "lobby.mp4")]
    [InlineData("a\u2028b.mp4", "a b.mp4")]
    [InlineData("invoice\u202E4pm.exe", "invoice4pm.exe")]
    [InlineData("\u2066x\u2069\u200F.mp4", "x.mp4")]
    [InlineData("Кафе 漢字 😀.mp4", "Кафе 漢字 😀.mp4")]
    [InlineData("\n", "")]
    public void Of_NameOfAFile_IsOneCleanLine(string fileName, string expected) =>
        Assert.Equal(expected, FileDisplayName.Of(fileName));

    [Fact]
    public void Of_HalfOfASurrogatePair_IsReplaced() =>
        Assert.Equal("half \uFFFD.mp4", FileDisplayName.Of("half \uD83D.mp4"));

    [Fact]
    public void Of_LongName_HasTheServersLimitInCodePoints()
    {
        var name = FileDisplayName.Of(string.Concat(Enumerable.Repeat("😀", 300)));

        Assert.Equal(255, name.EnumerateRunes().Count());
    }

    [Fact]
    public async Task SubmitFile_NewlineInItsName_SendsACleanedName()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("gate\n7\t.mp4");
        await File.WriteAllBytesAsync(path, [1], TestContext.Current.CancellationToken);
        await using var server = await ScriptedServer.StartAsync();
        server.Service.Submit.Answer(new SubmitVideoResponse { Job = SampleJobs.Pending() });
        await using var client = server.Connect();

        await client.SubmitFileAsync(
            path,
            new SubmitOptions { PipelineId = "yolo_ocr" },
            cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal("gate 7 .mp4", server.Service.Submit.Requests.Single().DisplayName);
    }
}
