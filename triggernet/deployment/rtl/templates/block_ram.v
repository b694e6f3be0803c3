    // How this block RAM is read; a design that writes into it stops the simulation. An address is that
    // of a bit. A port gives as many bits as it is wide, of every nine one from the parity; as a simple
    // dual port the first gives a word of both ports' pins.
    localparam [@LAST_BIT@:0] DATA = {@DATA@};
    localparam [@LAST_BYTE@:0] PARITY = {@PARITY@};
    localparam SIMPLE = RAM_MODE == "SDP";
    reg [7:0] bytes [0:@LAST_BYTE@];
    reg parities [0:@LAST_BYTE@];
    integer k;
    initial begin
        for (k = 0; k < @BYTES@; k = k + 1) begin
            bytes[k] = DATA[8 * k +: 8];
            parities[k] = PARITY[k];
        end
        if (WRITE_WIDTH_B != 0 || (!SIMPLE && WRITE_WIDTH_A != 0))
            $fatal(1, "this model of @NAME@ can be read only");
    end

    function automatic [@LAST_OF_TWO@:0] data_at(input [14:0] address, input integer width);
        integer n;
        begin
            data_at = 0;
            if (width < 9)
                data_at[7:0] = (bytes[address >> 3] >> (address & 7 & -width)) & ((1 << width) - 1);
            else
                for (n = 0; n < @GROUPS@; n = n + 1)
                    if (9 * n < width)
                        data_at[8 * n +: 8] = bytes[((address >> 3) & -(width / 9)) + n];
        end
    endfunction

    function automatic [@LAST_CHECK_OF_TWO@:0] parity_at(input [14:0] address, input integer width);
        integer n;
        begin
            parity_at = 0;
            for (n = 0; n < @GROUPS@; n = n + 1)
                if (9 * n < width)
                    parity_at[n] = width >= 9 && parities[((address >> 3) & -(width / 9)) + n];
        end
    endfunction

    reg [@LAST_OF_TWO@:0] data_a, data_b, kept_data_a, kept_data_b;
    reg [@LAST_CHECK_OF_TWO@:0] parity_a, parity_b, kept_parity_a, kept_parity_b;
    always @(posedge CLKARDCLK) begin
        if (REGCEAREGCE) {kept_data_a, kept_parity_a} <= {data_a, parity_a};
        if (ENARDEN) begin
            data_a <= data_at(ADDRARDADDR, READ_WIDTH_A);
            parity_a <= parity_at(ADDRARDADDR, READ_WIDTH_A);
        end
    end
    always @(posedge CLKBWRCLK) begin
        if (REGCEB) {kept_data_b, kept_parity_b} <= {data_b, parity_b};
        if (ENBWREN) begin
            data_b <= data_at(ADDRBWRADDR, READ_WIDTH_B);
            parity_b <= parity_at(ADDRBWRADDR, READ_WIDTH_B);
        end
    end
    wire [@LAST_OF_TWO@:0] out_a = DOA_REG ? kept_data_a : data_a;
    wire [@LAST_OF_TWO@:0] out_b = DOB_REG ? kept_data_b : data_b;
    wire [@LAST_CHECK_OF_TWO@:0] check_a = DOA_REG ? kept_parity_a : parity_a;
    wire [@LAST_CHECK_OF_TWO@:0] check_b = DOB_REG ? kept_parity_b : parity_b;
    assign DOADO = out_a[@LAST_PIN@:0];
    assign DOPADOP = check_a[@LAST_CHECK@:0];
    assign DOBDO = SIMPLE ? out_a[@LAST_OF_TWO@:@PINS@] : out_b[@LAST_PIN@:0];
    assign DOPBDOP = SIMPLE ? check_a[@LAST_CHECK_OF_TWO@:@CHECKS@] : check_b[@LAST_CHECK@:0];
