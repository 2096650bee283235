namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>PostgreSQL's SQL for filters.</summary>
internal class PostgresDialect : IFilterDialect
{
    public string Parameter(string name) => "@" + name;

    public string Contains(string text, string part) => $"(strpos({text}, {part}) > 0)";

    public string EndsWith(string text, string part) => $"(right({text}, length({part})) = {part})";

    public string Lower(string text) => $"lower({text} COLLATE \"{PostgresDatabase.Collation}\")";

    public string HasField(string json, string key) => $"jsonb_exists({json}::jsonb, {key})";

    public string Field(string json, string key) => $"({json}::jsonb ->> {key})";

    public string FieldEquals(string json, string key, string value, string valueInJson) =>
        $"({json} IS NOT NULL AND {json}::jsonb @> jsonb_build_object({key}::text, {value}::text))";
}
