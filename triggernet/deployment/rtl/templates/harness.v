// A design with more ports than a chip has pins, out of context: its inputs come from one long
// shift register, its outputs are taken over at `load` and shifted out. All of it runs on `clk`.
module triggernet_harness (
    input  wire clk,
    input  wire data,
    input  wire load,
    output wire result
);
    reg [@INPUT_BITS@ + 1:0] in;
    reg [@OUTPUT_BITS@:0] out;
    reg taken;
    wire [@OUTPUT_BITS@:0] found;

    always @(posedge clk) begin
        in <= {in[@INPUT_BITS@:0], data};
        taken <= load;
        out <= taken ? found : {out[@OUTPUT_BITS@ - 1:0], 1'b0};
    end
    assign result = out[@OUTPUT_BITS@];

    @TOP@ design (
        .clk(clk),
        .rst(in[0]),
        .in_valid(in[1]),
@PORTS@
        .out_valid(found[0])
    );
endmodule
