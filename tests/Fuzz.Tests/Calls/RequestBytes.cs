using CsCheck;
using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Protocol.Tests.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ForegSyte.Fuzz.Tests.Calls;

/// <summary>Creates requests as bytes: valid messages, mutated messages, and noise.</summary>
/// <param name="values">
/// Valid values by field name, for example job ids for job_id. A name with a method, such as DeleteJob.job_id, applies
/// to that method only.
/// </param>
internal sealed class RequestBytes(ILookup<string, string> values)
{
    private static readonly string[] Unusual =
        ["", "../../etc/passwd", "a\0b", new string('x', 4096), "🎥", "file:///etc/passwd", "-1", "%00"];

    private readonly Dictionary<string, Gen<IMessage>> _messages = [];

    /// <summary>The bytes of a request and their kind.</summary>
    public (byte[] Bytes, string Kind) Make(MethodDescriptor method, Random random)
    {
        if (random.Next(8) == 0)
        {
            var noise = new byte[random.Next(0, 200)];
            random.NextBytes(noise);
            return (noise, "noise");
        }

        var message = Message(method.InputType, random);
        Fill(message, method.Name, random);
        var bytes = message.ToByteArray();
        return random.Next(3) == 0 ? (Mutation.OfBytes(bytes, random), "mutated") : (bytes, "valid");
    }

    private IMessage Message(MessageDescriptor type, Random random)
    {
        if (!_messages.TryGetValue(type.FullName, out var messages))
        {
            _messages[type.FullName] = messages = MessageGenerator.Of(type);
        }

        return messages.Generate(new PCG(1, (ulong)random.NextInt64()), null, out _);
    }

    /// <summary>Sets valid values and small numbers, so that a call passes its first checks.</summary>
    private void Fill(IMessage message, string method, Random random)
    {
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder().Where(field => !field.IsRepeated))
        {
            if (field.FieldType == FieldType.Message && field.Accessor.GetValue(message) is IMessage inner)
            {
                Fill(inner, method, random);
            }
            else if (random.Next(8) is > 0 and var dice && ValueFor(field, method, random, dice) is { } value)
            {
                field.Accessor.SetValue(message, value);
            }
        }
    }

    private object? ValueFor(FieldDescriptor field, string method, Random random, int dice)
    {
        var own = $"{method}.{field.Name}";
        return field.FieldType switch
        {
            FieldType.String when dice == 1 => Unusual[random.Next(Unusual.Length)],
            FieldType.String when values.Contains(own) => Pick([.. values[own]], random),
            FieldType.String when values.Contains(field.Name) => Pick([.. values[field.Name]], random),
            FieldType.Int32 => random.Next(4),
            FieldType.Int64 => (long)random.Next(4),
            _ => null,
        };
    }

    private static string Pick(string[] texts, Random random) => texts[random.Next(texts.Length)];
}
