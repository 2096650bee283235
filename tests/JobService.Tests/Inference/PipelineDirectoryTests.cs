using ForegSyte.Jobs.Inference;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Inference;

public sealed class PipelineDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Both services must start on a data folder of an earlier version.</summary>
    [Fact]
    public void Read_FormOfAnEarlierVersion_IsConverted()
    {
        File.WriteAllText(
            _folder.File("own.json"),
            """
            { "id": "own",
              "nodes": [ { "id": "detect", "stage": "detect_objects", "thresholds": { "confidence": 0.25 } },
                { "id": "read", "stage": "read_text" } ],
              "edges": [ { "from": "detect", "to": "read" } ] }
            """);

        var pipeline = Assert.Single(new PipelineDirectory(_folder.Path).All);

        Assert.Equal(("detect", "read"), (pipeline.Edges[0].FromNode, pipeline.Edges[0].ToNode));
        Assert.Equal(0.25, pipeline.Nodes[0].Parameters["confidence"].DoubleValue);
    }

    [Fact]
    public void Read_UnknownField_IsRefused()
    {
        File.WriteAllText(_folder.File("own.json"), """{ "id": "own", "node": [] }""");

        var refusal = Assert.Throws<InvalidOperationException>(() => new PipelineDirectory(_folder.Path));

        Assert.Contains("node", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Learn_EqualAndDifferentVersions_AreShownOnlyIfAllAgree()
    {
        File.WriteAllText(_folder.File("own.json"), """{ "id": "own", "version": "file", "labels": ["file"] }""");
        var directory = new PipelineDirectory(_folder.Path);
        Assert.Equal(("", 0), (directory.All.Single().Version, directory.All.Single().Labels.Count));
        Assert.Null(directory.LabelsOf("own"));

        directory.Learn(new Uri("http://a:1"), [Own("1")]);
        directory.Learn(new Uri("http://b:1"), [Own("1")]);
        Assert.Equal(("1", "person"), (directory.VersionOf("own"), directory.All.Single().Labels.Single()));

        directory.Learn(new Uri("http://b:1"), [Own("2")]);
        Assert.Null(directory.VersionOf("own"));
        Assert.Null(directory.LabelsOf("own"));

        // One that does not serve has no say.
        directory.SetAside(new Uri("http://b:1"));
        Assert.Equal("1", directory.VersionOf("own"));

        directory.Learn(new Uri("http://b:1"), [Own("2")]);
        directory.Forget(new Uri("http://b:1"));
        Assert.Equal("1", directory.VersionOf("own"));

        // What the last one said stays known.
        directory.Forget(new Uri("http://a:1"));
        Assert.Equal("1", directory.VersionOf("own"));
    }

    [Fact]
    public void Learn_PipelinesOfInferenceServices_AreThoseThatJobsCanUse()
    {
        var (a, b) = (new Uri("http://a:1"), new Uri("http://b:1"));
        File.WriteAllText(_folder.File("own.json"), """{ "id": "own" }""");
        var directory = new PipelineDirectory(_folder.Path);
        Assert.Equal(["own"], Ids());

        Assert.True(directory.Learn(a, [Own("1"), Other()]), "A pipeline was gained.");
        Assert.False(directory.Learn(a, [Own("1"), Other()]), "No pipeline was gained.");
        Assert.Equal(["other", "own"], Ids());
        Assert.Equal("7", directory.VersionOf("other"));

        // One that lacks a pipeline runs none of its jobs, so it has no say about its version.
        directory.Learn(b, [Own("1")]);
        Assert.Equal("7", directory.VersionOf("other"));
        Assert.Equal((false, true), (directory.Lacks(a, "other"), directory.Lacks(b, "other")));

        // It may return, and its jobs wait for it.
        directory.SetAside(a);
        Assert.Equal(["other", "own"], Ids());

        Assert.True(directory.Learn(a, [Own("1")]), "A pipeline was lost.");
        Assert.Equal(["own"], Ids());
        Assert.False(directory.Contains("other"), "The pipeline is gone.");

        // A file that no InferenceService has is not a pipeline that can run.
        directory.Learn(a, [Other()]);
        directory.Learn(b, [Other()]);
        Assert.Equal(["other"], Ids());

        string[] Ids() => [.. directory.All.Select(pipeline => pipeline.Id)];
        static Pipeline Other() => new() { Id = "other", Version = "7" };
    }

    private static Pipeline Own(string version) => new() { Id = "own", Version = version, Labels = { "person" } };
}
