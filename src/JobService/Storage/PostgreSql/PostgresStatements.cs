using System.Collections;
using System.Data.Common;
using Npgsql;
using NpgsqlTypes;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>Runs statements with named parameters.</summary>
internal static class PostgresStatements
{
    /// <summary>Runs a statement; returns the number of changed rows.</summary>
    public static async Task<int> ExecuteAsync(
        this NpgsqlConnection connection, string sql, CancellationToken cancellationToken,
        params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        Add(command.Parameters, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Runs a query and reads all rows.</summary>
    public static async Task<List<T>> QueryAsync<T>(
        this NpgsqlConnection connection, string sql, Func<DbDataReader, T> read, CancellationToken cancellationToken,
        params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        Add(command.Parameters, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAllAsync(read, cancellationToken);
    }

    /// <summary>Runs a query and reads its rows until the reader returns false; returns how many it read.</summary>
    public static async Task<int> ReadWhileAsync(
        this NpgsqlConnection connection, string sql, Func<DbDataReader, bool> read,
        CancellationToken cancellationToken, params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        Add(command.Parameters, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var count = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            count++;
            if (!read(reader))
            {
                break;
            }
        }

        return count;
    }

    /// <summary>Reads all rows of the current result.</summary>
    public static async Task<List<T>> ReadAllAsync<T>(
        this DbDataReader reader, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>Reads all rows of the next result of a batch.</summary>
    public static async Task<List<T>> ReadNextAsync<T>(
        this DbDataReader reader, Func<DbDataReader, T> read, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAllAsync(read, cancellationToken);
    }

    /// <summary>Adds a statement to a batch.</summary>
    public static NpgsqlBatchCommand Add(
        this NpgsqlBatch batch, string sql, params (string Name, object? Value)[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        Add(command.Parameters, parameters);
        batch.BatchCommands.Add(command);
        return command;
    }

    private static void Add(NpgsqlParameterCollection all, IEnumerable<(string Name, object? Value)> parameters)
    {
        foreach (var (name, value) in parameters)
        {
            var parameter = new NpgsqlParameter { ParameterName = name, Value = WithoutNul(value) ?? DBNull.Value };
            if (TypeOf(value) is { } type)
            {
                parameter.NpgsqlDbType = type;
            }

            all.Add(parameter);
        }
    }

    /// <summary>
    /// The type of a list, which its values do not always show; a statement with the same types is prepared once.
    /// </summary>
    private static NpgsqlDbType? TypeOf(object? value)
    {
        if (value is null or string or byte[] || value is not IList || !value.GetType().IsGenericType)
        {
            return null;
        }

        var element = value.GetType().GetGenericArguments()[0];
        return NpgsqlDbType.Array | (Type.GetTypeCode(Nullable.GetUnderlyingType(element) ?? element) switch
        {
            TypeCode.String => NpgsqlDbType.Text,
            TypeCode.Int32 => NpgsqlDbType.Integer,
            TypeCode.Int64 => NpgsqlDbType.Bigint,
            TypeCode.Boolean => NpgsqlDbType.Boolean,
            TypeCode.DateTime => NpgsqlDbType.TimestampTz,
            TypeCode.Object when element == typeof(Guid) || element == typeof(Guid?) => NpgsqlDbType.Uuid,
            _ => throw new ArgumentException($"A list of {element} cannot be a parameter.", nameof(value)),
        });
    }

    /// <summary>PostgreSQL's texts cannot contain the character NUL; it becomes the replacement character.</summary>
    private static object? WithoutNul(object? value) => value switch
    {
        string text => Replace(text),
        List<string?> texts when texts.Exists(text => text is not null && text.Contains('\0', StringComparison.Ordinal))
            => texts.ConvertAll(text => text is null ? null : Replace(text)),
        _ => value,
    };

    private static string Replace(string text) => text.Replace('\0', '\uFFFD');
}
