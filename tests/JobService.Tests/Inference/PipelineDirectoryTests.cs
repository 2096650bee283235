using ForegSyte.Jobs.Inference;
using ForegSyte.Testing;

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
}
