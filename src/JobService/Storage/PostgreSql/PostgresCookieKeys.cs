using System.Xml.Linq;
using ForegSyte.Web.Sessions;
using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>The keys of the web page's cookies in the database, so that every node opens the cookies of the others.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="store">The job store, whose first use migrates the database.</param>
internal sealed class PostgresCookieKeys(PostgresDatabase database, Lazy<IJobStore> store) : ISharedCookieKeys
{
    /// <inheritdoc />
    public IDisposable Lock()
    {
        _ = store.Value;
        return database.LockSchema();
    }

    /// <inheritdoc />
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var connection = database.Source.OpenConnection();
        using var command = new NpgsqlCommand("SELECT xml FROM web_keys ORDER BY name", connection);
        using var reader = command.ExecuteReader();
        var elements = new List<XElement>();
        while (reader.Read())
        {
            elements.Add(XElement.Parse(reader.GetString(0)));
        }

        return elements;
    }

    /// <inheritdoc />
    public void StoreElement(XElement element, string friendlyName)
    {
        using var connection = database.Source.OpenConnection();
        using var command = new NpgsqlCommand(
            "INSERT INTO web_keys (name, xml) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET xml = excluded.xml",
            connection);
        command.Parameters.Add(new NpgsqlParameter { Value = friendlyName });
        command.Parameters.Add(new NpgsqlParameter { Value = element.ToString(SaveOptions.DisableFormatting) });
        command.ExecuteNonQuery();
    }
}
