using ForegSyte.Protocol.Json;
using ForegSyte.Protocol.Text;
using Google.Protobuf;

namespace ForegSyte.CommandLine.Output;

/// <summary>
/// Streams a JSON document {"name":[…]} with one message per line, so memory use does not grow with the document.
/// Each message is canonical proto3 JSON with the proto field names.
/// </summary>
internal static class JsonLines
{
    /// <summary>Writes the document and a line feed.</summary>
    /// <returns>Number of messages.</returns>
    public static async Task<int> WriteAsync<T>(
        TextWriter writer, string name, IAsyncEnumerable<T> messages, CancellationToken cancellationToken)
        where T : IMessage
    {
        var count = 0;
        // Reads the first message before it writes anything, so a failed call leaves no partial document.
        await foreach (var message in messages.WithCancellation(cancellationToken))
        {
            await writer.WriteAsync(count++ == 0 ? $"{{\"{name}\":[\n" : ",\n");
            await writer.WriteAsync(ControlCharacters.EscapeLines(ForegSyteJson.Formatter.Format(message)));
        }

        await writer.WriteAsync(count == 0 ? $"{{\"{name}\":[]}}\n" : "\n]}\n");
        return count;
    }
}
